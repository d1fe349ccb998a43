import { IconButton } from "./button";
import { Icon } from "./icons";

interface FilterFieldProps {
  label: string;
  clearLabel: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

/** A field that narrows a list; Esc empties it. */
export function FilterField({ label, clearLabel, value, onChange, className = "" }: FilterFieldProps) {
  return (
    <div className={`relative flex min-w-0 items-center ${className}`}>
      <Icon name="search" className="pointer-events-none absolute left-2.5 size-3.5 text-muted" />
      <input
        type="text"
        value={value}
        aria-label={label}
        placeholder={label}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || value === "") return;
          event.preventDefault();
          onChange("");
        }}
        className="h-8 w-full min-w-0 rounded-lg border border-line-strong bg-raised pr-8 pl-8 text-base outline-none placeholder:text-muted focus:border-accent focus:ring-2 focus:ring-accent/15 sm:text-[0.8125rem]"
      />
      {value !== "" && (
        <IconButton label={clearLabel} onClick={() => onChange("")} className="absolute right-0 !size-8">
          <Icon name="close" className="size-3.5" />
        </IconButton>
      )}
    </div>
  );
}
