import { useState, type DragEvent } from "react";

interface DropZone {
  isOver: boolean;
  handlers: {
    onDragEnter: (event: DragEvent) => void;
    onDragOver: (event: DragEvent) => void;
    onDragLeave: (event: DragEvent) => void;
    onDrop: (event: DragEvent) => void;
  };
}

const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");

/** An element that takes files dropped on it. */
export function useDropZone(onFiles: (files: File[]) => void): DropZone {
  // Elements within say that the pointer entered and left as well: only the sum counts.
  const [depth, setDepth] = useState(0);
  return {
    isOver: depth > 0,
    handlers: {
      onDragEnter: (event) => {
        if (hasFiles(event)) setDepth((last) => last + 1);
      },
      onDragOver: (event) => {
        if (hasFiles(event)) event.preventDefault();
      },
      onDragLeave: (event) => {
        if (hasFiles(event)) setDepth((last) => Math.max(0, last - 1));
      },
      onDrop: (event) => {
        setDepth(0);
        if (!hasFiles(event)) return;
        event.preventDefault();
        onFiles([...event.dataTransfer.files]);
      },
    },
  };
}
