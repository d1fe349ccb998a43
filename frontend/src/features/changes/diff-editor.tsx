import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";

import { languageOf, readOnly } from "@/components/code-setup";
import { m } from "@/i18n/language";

export type DiffLayout = "unified" | "side_by_side";

interface DiffEditorProps {
  path: string;
  original: string;
  modified: string;
  layout: DiffLayout;
}

const COLLAPSE = { margin: 3, minSize: 5 };
/** A difference that takes longer to find is shown less precisely. */
const EFFORT = { scanLimit: 500, timeout: 400 };

const theme = EditorView.theme({
  "&": { height: "auto" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "var(--ok-soft)" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--bad-soft)" },
  "&.cm-merge-b .cm-changedText, .cm-deletedChunk .cm-deletedText, &.cm-merge-a .cm-changedText": { background: "none" },
  "&.cm-merge-b .cm-changedText": { backgroundColor: "color-mix(in srgb, var(--ok) 15%, transparent)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": {
    backgroundColor: "color-mix(in srgb, var(--bad) 15%, transparent)",
  },
  ".cm-deletedChunk": { padding: "0 0.75rem 0 0.5rem" },
  ".cm-deletedLine, .cm-deletedLine del": { textDecoration: "none" },
  "&.cm-merge-b .cm-changedLineGutter": { backgroundColor: "var(--ok)" },
  "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { backgroundColor: "var(--bad)" },
  ".cm-changeGutter": { width: "3px", paddingLeft: "0" },
  ".cm-collapsedLines": {
    background: "var(--panel)",
    color: "var(--muted)",
    padding: "0.125rem 0.75rem",
    fontFamily: "var(--font-sans)",
    fontSize: "0.75rem",
  },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: "none" },
});

/** Draws the sides, and returns how to take them away. */
function show(parent: HTMLElement, { path, original, modified, layout }: DiffEditorProps, language: Extension): () => void {
  const { before, after, unchanged } = m.workspace.changes;
  const phrases = EditorState.phrases.of({ "$ unchanged lines": unchanged });
  const extensions = (side: string): Extension[] => [readOnly(`${path} · ${side}`), phrases, theme, language];
  if (layout === "unified") {
    const merge = unifiedMergeView({ original, mergeControls: false, collapseUnchanged: COLLAPSE, diffConfig: EFFORT });
    const view = new EditorView({ parent, doc: modified, extensions: [extensions(after), merge] });
    return () => view.destroy();
  }
  const merge = new MergeView({
    parent,
    a: { doc: original, extensions: [extensions(before), EditorView.lineWrapping] },
    b: { doc: modified, extensions: [extensions(after), EditorView.lineWrapping] },
    collapseUnchanged: COLLAPSE,
    diffConfig: EFFORT,
  });
  return () => merge.destroy();
}

/** Both sides of a changed file. Large: load it when it is needed. */
export function DiffEditor({ path, original, modified, layout }: DiffEditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ path: string; top: number } | null>(null);
  useEffect(() => {
    const parent = box.current;
    if (parent === null) return;
    let destroy: (() => void) | null = null;
    let isGone = false;
    // Removed lines are drawn once: their colors have to be there before.
    void languageOf(path.slice(path.lastIndexOf("/") + 1), original.length + modified.length).then((language) => {
      if (isGone) return;
      destroy = show(parent, { path, original, modified, layout }, language);
      if (drawn.current?.path === path) parent.scrollTop = drawn.current.top;
    });
    return () => {
      isGone = true;
      drawn.current = { path, top: parent.scrollTop };
      destroy?.();
    };
  }, [path, original, modified, layout]);
  return <div ref={box} data-testid="diff" data-layout={layout} className="h-full min-h-0 overflow-auto bg-raised" />;
}
