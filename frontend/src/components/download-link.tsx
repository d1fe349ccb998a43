import { Icon } from "./icons";

/** A link that saves what it leads to; it looks like a button. */
export function DownloadLink({ address, label }: { address: string; label: string }) {
  return (
    <a
      href={address}
      download
      className="inline-flex min-h-9 items-center gap-2 rounded-lg border border-line-strong bg-raised px-3.5 text-sm font-medium hover:bg-panel"
    >
      <Icon name="download" /> {label}
    </a>
  );
}
