/** What goes into an image when nothing else is said: the model that is to be served, and the commit of the tree. */
import type { Directory } from '@dagger.io/dagger';
import type { ImageContent } from '../containers/image.ts';
import { withPipeline, withTracking } from '../containers/pipeline.ts';
import { imageTag } from '../image/reference.ts';
import { type Settings, toolboxOf, trackingOf } from '../settings.ts';
import { type Call, contentOf, makeModel, productionModel } from './model.ts';

/** The model in Production, or without a tracking server the one that the stages make. */
export async function servedModel(settings: Settings, call: Call, commit?: string): Promise<ImageContent> {
  const { source } = settings;
  const tracking = trackingOf(settings);
  if (tracking) {
    const container = withPipeline(toolboxOf(settings), source).with(withTracking(tracking));
    return contentOf(await productionModel(container, source, call), commit);
  }
  const made = await makeModel(toolboxOf(settings), source, call);
  return { model: made.file('models/model.bin'), commit };
}

/** The tag of what is in the working tree. */
export async function treeTag(source: Directory): Promise<string> {
  const git = source.asGit();
  const [commit, isClean] = await Promise.all([git.head().commit(), git.uncommitted().isEmpty()]);
  return imageTag(commit, isClean);
}
