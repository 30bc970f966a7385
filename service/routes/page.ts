import { pageHeaders } from '../page/document.ts';
import { homePage } from '../page/home.ts';
import type { Handler, Service } from '../service.ts';

/** The page with the empty form. */
export function page({ config, state }: Service): Handler {
  return (ctx) => {
    ctx.set(pageHeaders);
    ctx.body = homePage({ maxTextLength: config.maxTextLength, served: state.predictor?.served });
  };
}
