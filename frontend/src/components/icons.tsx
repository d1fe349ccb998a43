/** Line icons, drawn on a 20 × 20 grid. They carry no meaning of their own: the label is beside or on the button. */

const PATHS = {
  plus: "M10 4v12M4 10h12",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  close: "M5 5l10 10M15 5L5 15",
  send: "M10 16V4M5 9l5-5 5 5",
  stop: "M6 6h8v8H6z",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  chevron: "M7.5 5l5 5-5 5",
  check: "M4 10.5l4 4 8-9",
  cross: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  terminal: "M4 6l4 4-4 4M10 14h6",
  file: "M6 3h5l4 4v10H6zM11 3v4h4",
  edit: "M4 16l1-4L13.5 3.5l3 3L8 15z",
  globe: "M10 3a7 7 0 100 14 7 7 0 000-14zM3 10h14M10 3c4 4 4 10 0 14-4-4-4-10 0-14z",
  tool: "M12.5 3.5a4 4 0 00-3.8 5.3L3.5 14l2.5 2.5 5.2-5.2a4 4 0 005.3-3.8l-2.5 1.5-2-2z",
  list: "M8 5.5h8M8 10h8M8 14.5h8M4 5.5h.01M4 10h.01M4 14.5h.01",
  thought: "M10 3a5 5 0 00-3 9v2h6v-2a5 5 0 00-3-9zM8 17h4",
  warning: "M10 4l7 12H3zM10 9v3M10 14h.01",
  down: "M10 4v12M5 11l5 5 5-5",
  play: "M7 5l8 5-8 5z",
  chat: "M4 5h12v8.5H9L5.5 16v-2.5H4z",
  link: "M8.5 11.5l3-3M7 9l-2 2a2.8 2.8 0 004 4l2-2M13 11l2-2a2.8 2.8 0 00-4-4L9 7",
  copy: "M7.5 7.5h8v8h-8zM4.5 12.5v-8h8",
  search: "M9 4a5 5 0 100 10A5 5 0 009 4zM12.8 12.8L16.5 16.5",
  pause: "M7 5v10M13 5v10",
  clip: "M14.5 9.5l-5 5a3 3 0 01-4.2-4.2l5.6-5.6a2 2 0 012.8 2.8L8.3 12.9",
  keyboard: "M3 6h14v8.5H3zM6 9h.01M9 9h.01M12 9h.01M15 9h.01M6.5 12h7",
  sidebar: "M3 4.5h14v11H3zM8 4.5v11",
  shield: "M10 3l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V5z",
  panel: "M3 4.5h14v11H3zM12 4.5v11",
  branch: "M6 3.5v9M6 12.5a2 2 0 100 4 2 2 0 000-4zM14 3.5a2 2 0 100 4 2 2 0 000-4zM14 7.5c0 3-3 4-6 5",
  changes: "M10 3v8M6 7h8M6 16h8",
  refresh: "M16 8a6.2 6.2 0 10.3 3.5M16.5 4v4h-4",
  upload: "M10 13V4M6 8l4-4 4 4M4 16.5h12",
  download: "M10 4v9M6 9l4 4 4-4M4 16.5h12",
  folder: "M2.5 5h5l2 2.5h8v8.5h-15z",
  back: "M12.5 5l-5 5 5 5",
  wrap: "M3 5h14M3 10h11a2.5 2.5 0 010 5h-4M12 13l-2 2 2 2M3 15h3",
  external: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  picture: "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5h.01",
  flag: "M5 17V4h10l-2 3.5 2 3.5H5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  const size = className.includes("size-") ? "" : "size-4";
  return (
    <svg
      viewBox="0 0 20 20"
      className={`shrink-0 ${size} ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.5 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Spinner({ className = "" }: { className?: string }) {
  const size = className.includes("size-") ? "" : "size-4";
  return (
    <svg viewBox="0 0 20 20" className={`shrink-0 animate-spin ${size} ${className}`} fill="none" aria-hidden="true">
      <circle cx="10" cy="10" r="7" stroke="currentColor" strokeOpacity="0.25" strokeWidth="2" />
      <path d="M17 10a7 7 0 00-7-7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
