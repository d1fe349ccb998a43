import { lazy, useState, type ComponentType } from "react";

interface OnDemand<P> {
  Page: ComponentType<P>;
  /** Fetches the page, so that it is drawn at once when its turn comes. */
  preload: () => Promise<void>;
}

/** A page whose scripts are fetched when it is first shown, or before. */
export function onDemand<P extends object>(load: () => Promise<ComponentType<P>>): OnDemand<P> {
  let ready: ComponentType<P> | null = null;
  const Later = lazy(async () => ({ default: await load() }));
  function Page(props: P) {
    // What a page began as, it stays: another type would be another page.
    const [{ Chosen }] = useState(() => ({ Chosen: ready ?? Later }));
    return <Chosen {...props} />;
  }
  return {
    Page,
    preload: async () => {
      ready = await load();
    },
  };
}
