import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";

import { languageOf, readOnly } from "./code-setup";

interface CodeViewProps {
  /** Says which language it is in. */
  fileName: string;
  text: string;
  label: string;
  wraps: boolean;
}

/** The text of a file, with colors and line numbers. Large: load it when it is needed. */
export function CodeView({ fileName, text, label, wraps }: CodeViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<{ view: EditorView; wrapping: Compartment } | null>(null);
  // What was at the top stays there when the text changes.
  const top = useRef({ fileName, at: 0 });

  useEffect(() => {
    if (box.current === null) return;
    const [wrapping, language] = [new Compartment(), new Compartment()];
    const view = new EditorView({
      parent: box.current,
      state: EditorState.create({ doc: text, extensions: [readOnly(label), wrapping.of([]), language.of([])] }),
    });
    editor.current = { view, wrapping };
    if (top.current.fileName === fileName) view.scrollDOM.scrollTop = top.current.at;
    let isGone = false;
    void languageOf(fileName, text.length).then((found) => {
      if (!isGone) view.dispatch({ effects: language.reconfigure(found) });
    });
    return () => {
      isGone = true;
      top.current = { fileName, at: view.scrollDOM.scrollTop };
      editor.current = null;
      view.destroy();
    };
  }, [fileName, text, label]);

  useEffect(() => {
    const current = editor.current;
    current?.view.dispatch({ effects: current.wrapping.reconfigure(wraps ? EditorView.lineWrapping : []) });
  }, [fileName, text, label, wraps]);

  return <div ref={box} className="h-full min-h-0 min-w-0" />;
}
