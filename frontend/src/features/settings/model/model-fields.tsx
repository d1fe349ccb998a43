import { useId, useState } from "react";

import { TextField } from "@/components/form-fields";
import { m } from "@/i18n/language";

import type { Provider } from "./providers";

/** Suggestions that are offered below the field; all of them are offered while typing. */
const MOST_SHOWN = 4;

interface NameFieldProps {
  provider: Provider;
  value: string;
  placeholder: string;
  suggestions: readonly string[];
  error: string | null;
  onChange: (name: string) => void;
}

export function NameField({ provider, value, placeholder, suggestions, error, onChange }: NameFieldProps) {
  const texts = m.settings.model;
  const list = useId();
  const isFull = provider.id === "other";
  return (
    <div>
      <TextField
        label={isFull ? texts.fullName : texts.name}
        hint={isFull ? texts.fullNameHint : texts.nameHint}
        error={error}
        value={value}
        placeholder={placeholder}
        list={list}
        onChange={onChange}
      />
      <datalist id={list}>
        {suggestions.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {!isFull && suggestions.length > 0 && (
        <ul aria-label={texts.suggestions} className="mt-2 flex flex-wrap gap-1.5">
          {suggestions.slice(0, MOST_SHOWN).map((name) => (
            <li key={name} className="min-w-0">
              <button
                type="button"
                aria-pressed={name === value}
                onClick={() => onChange(name)}
                className="max-w-full truncate rounded-full border border-line-strong px-2.5 py-0.5 text-xs text-muted hover:bg-raised hover:text-ink aria-pressed:border-accent aria-pressed:text-accent"
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface KeyFieldProps {
  isOptional: boolean;
  value: string;
  /** What becomes of the stored key when this is saved. */
  stored: "none" | "kept" | "removed" | "leaves";
  error: string | null;
  onChange: (key: string) => void;
  onRemove: (isRemoved: boolean) => void;
}

export function KeyField({ isOptional, value, stored, error, onChange, onRemove }: KeyFieldProps) {
  const texts = m.settings.model;
  const hints = {
    none: isOptional ? texts.keyOptional : texts.keyHint,
    kept: texts.keyStored,
    removed: texts.keyRemoved,
    leaves: texts.keyLeaves,
  };
  return (
    <TextField
      label={texts.key}
      hint={hints[stored]}
      error={error}
      type="password"
      value={value}
      placeholder={stored === "kept" ? "••••••••••••" : ""}
      onChange={onChange}
      action={
        (stored === "kept" || stored === "removed") && (
          <button
            type="button"
            onClick={() => onRemove(stored === "kept")}
            className="text-xs text-muted underline underline-offset-2 hover:text-ink"
          >
            {stored === "kept" ? texts.removeKey : texts.keepKey}
          </button>
        )
      }
    />
  );
}

interface AddressFieldProps {
  provider: Provider;
  value: string;
  error: string | null;
  onChange: (address: string) => void;
}

/** The address, or a button that asks for one where hardly anybody needs it. */
export function AddressField({ provider, value, error, onChange }: AddressFieldProps) {
  const texts = m.settings.model;
  const [isOpen, setOpen] = useState(false);
  if (provider.address !== "needed" && value === "" && error === null && !isOpen) {
    return (
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="text-sm text-muted underline underline-offset-2 hover:text-ink"
      >
        {texts.another}
      </button>
    );
  }
  return (
    <TextField
      label={texts.baseUrl}
      hint={provider.address === "needed" ? undefined : texts.baseUrlHint}
      error={error}
      type="url"
      value={value}
      placeholder={provider.exampleAddress}
      onChange={onChange}
      autoFocus={isOpen}
    />
  );
}
