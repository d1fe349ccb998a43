import { useRef } from "react";

import { archiveAddress } from "@/api/files";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

/** All files as an archive, with or without what git ignores. */
export function ArchiveMenu({ conversationId }: { conversationId: string }) {
  const { files } = m.workspace;
  const box = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (box.current !== null) box.current.open = false;
  };
  const choices = [
    { label: files.zipAll, address: archiveAddress(conversationId, "all") },
    { label: files.zipKept, address: archiveAddress(conversationId, "not_ignored") },
  ];
  return (
    <details
      ref={box}
      className="relative"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) close();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || box.current?.open !== true) return;
        event.preventDefault();
        close();
        box.current.querySelector("summary")?.focus();
      }}
    >
      <summary
        aria-label={files.downloadAll}
        title={files.downloadAll}
        className="inline-flex size-8 list-none items-center justify-center rounded-lg text-muted hover:bg-raised hover:text-ink [&::-webkit-details-marker]:hidden"
      >
        <Icon name="download" />
      </summary>
      <div className="absolute top-full right-0 z-20 mt-1 w-max rounded-xl border border-line bg-raised p-1 shadow-lg">
        {choices.map(({ label, address }) => (
          <a
            key={address}
            href={address}
            download
            onClick={close}
            className="block rounded-lg px-3 py-2 text-[0.8125rem] hover:bg-panel"
          >
            {label}
          </a>
        ))}
      </div>
    </details>
  );
}
