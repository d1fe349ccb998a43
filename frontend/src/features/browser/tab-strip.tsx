import { m } from "@/i18n/language";

interface TabStripProps {
  tabs: readonly string[];
  active: number | null;
  /** Null where they can only be looked at. */
  onSelect: ((index: number) => void) | null;
}

const LOOK = "block max-w-48 truncate rounded-md px-2 py-0.5 text-xs";
const look = (isActive: boolean) => `${LOOK} ${isActive ? "bg-raised ring-1 ring-line" : "text-muted"}`;

/** The pages that are open in the browser. */
export function TabStrip({ tabs, active, onSelect }: TabStripProps) {
  const { browser } = m.workspace;
  return (
    <ul
      aria-label={browser.tabs}
      tabIndex={onSelect === null ? 0 : undefined}
      className="flex shrink-0 gap-1 overflow-x-auto px-3 pt-px pb-2"
    >
      {tabs.map((address, at) => {
        const isActive = at === active;
        const name = address.replace(/^https?:\/\//, "") || browser.blank;
        return (
          <li key={at} aria-current={isActive ? "page" : undefined} title={address} className="shrink-0">
            {onSelect === null ? (
              <span className={look(isActive)}>{name}</span>
            ) : (
              <button type="button" onClick={() => onSelect(at)} className={`${look(isActive)} hover:bg-raised hover:text-ink`}>
                {name}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
