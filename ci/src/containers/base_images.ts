/** Images that callers can name: one that cannot be fetched is told before anything else runs, with its option. */
import { dag } from '@dagger.io/dagger';
import { runStep } from '../step.ts';

/** The images by option. Throws IMAGE_UNRESOLVED for the first that the engine cannot find. */
export async function fetchable(functionName: string, images: Record<string, string | undefined>): Promise<void> {
  for (const [imageOption, image] of Object.entries(images)) {
    if (image === undefined) continue;
    const step = { function: functionName, step: `looks for ${image}`, imageOption };
    await runStep(step, () => dag.container().from(image).imageRef());
  }
}
