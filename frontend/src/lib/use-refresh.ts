import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

const PAUSE_MS = 800;

/** Reads queries again some time after `revision` has moved on: once for a burst, and at least once per pause in a long one. */
export function useRefresh(queryKey: readonly string[], revision: number): void {
  const queries = useQueryClient();
  const seen = useRef(revision);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const key = useRef(queryKey);
  useEffect(() => {
    key.current = queryKey;
  }, [queryKey]);
  useEffect(() => {
    if (revision === seen.current) return;
    seen.current = revision;
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: key.current });
    }, PAUSE_MS);
  }, [queries, revision]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
}
