import { useId, type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes } from "react";

const BOX =
  "w-full rounded-lg border bg-raised px-3 py-2 text-base placeholder:text-muted disabled:opacity-60 sm:text-sm";
const border = (error: string | null) => (error === null ? "border-line-strong" : "border-bad");

interface FrameProps {
  label: string;
  /** What to enter; its place is taken by the error. */
  hint?: ReactNode;
  error?: string | null;
  /** Beside the label, such as a link. */
  action?: ReactNode;
}

interface FieldFrameProps extends FrameProps {
  children: (field: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A label, what belongs to it, and what is wrong with it. */
function FieldFrame({ label, hint, error = null, action, children }: FieldFrameProps) {
  const id = useId();
  const about = error ?? hint;
  return (
    <div className="min-w-0">
      <div className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-3">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {action}
      </div>
      {children({
        id,
        ...(about === undefined ? {} : { "aria-describedby": `${id}-about` }),
        ...(error === null ? {} : { "aria-invalid": true }),
      })}
      {about !== undefined && (
        <p id={`${id}-about`} className={`mt-1.5 text-xs leading-4 wrap-anywhere ${error === null ? "text-muted" : "text-bad"}`}>
          {about}
        </p>
      )}
    </div>
  );
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "id"> &
  FrameProps & { value: string; onChange: (value: string) => void };

export function TextField({ label, hint, error = null, action, onChange, className = "", ...input }: InputProps) {
  return (
    <FieldFrame label={label} hint={hint} error={error} action={action}>
      {(field) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...input}
          {...field}
          onChange={(event) => onChange(event.target.value)}
          className={`${BOX} ${border(error)} ${className}`}
        />
      )}
    </FieldFrame>
  );
}

type AreaProps = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange" | "id"> &
  FrameProps & { value: string; onChange: (value: string) => void };

export function TextArea({ label, hint, error = null, action, onChange, ...area }: AreaProps) {
  return (
    <FieldFrame label={label} hint={hint} error={error} action={action}>
      {(field) => (
        <textarea
          autoComplete="off"
          spellCheck={false}
          {...area}
          {...field}
          onChange={(event) => onChange(event.target.value)}
          className={`${BOX} ${border(error)} font-mono`}
        />
      )}
    </FieldFrame>
  );
}

interface SelectFieldProps<T extends string> extends FrameProps {
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

export function SelectField<T extends string>({ label, hint, error = null, value, options, onChange }: SelectFieldProps<T>) {
  return (
    <FieldFrame label={label} hint={hint} error={error}>
      {(field) => (
        <select
          {...field}
          value={value}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.target.value);
            if (chosen !== undefined) onChange(chosen.value);
          }}
          className={`${BOX} ${border(error)}`}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

interface ChoicesProps<T extends string> {
  label: string;
  hint?: string;
  value: T;
  options: readonly { value: T; label: string; hint?: string }[];
  onChange: (value: T) => void;
  /** How the options stand, as classes of a grid. */
  className?: string;
}

/** One of a few, all of them to be seen; the arrow keys move between them. */
export function Choices<T extends string>({ label, hint, value, options, onChange, className = "" }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className="text-sm font-medium">{label}</legend>
      {hint !== undefined && <p className="mt-0.5 text-xs text-muted">{hint}</p>}
      <div className={`mt-2 grid gap-2 ${className}`}>
        {options.map((option) => (
          <label
            key={option.value}
            className="flex min-h-9 min-w-0 cursor-pointer items-start gap-2.5 rounded-lg border border-line bg-raised px-3 py-2 text-sm hover:border-line-strong has-checked:border-accent has-checked:bg-accent-soft/50 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="mt-1 size-3.5 shrink-0 accent-accent outline-none"
            />
            <span className="min-w-0 wrap-anywhere">
              {option.label}
              {option.hint !== undefined && <span className="mt-0.5 block text-xs leading-4 text-muted">{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface SwitchProps {
  label: string;
  hint?: string;
  error?: string | null;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

/** Something that is on or off. */
export function Switch({ label, hint, error = null, checked, disabled = false, onChange }: SwitchProps) {
  const id = useId();
  const about = error ?? hint;
  return (
    <div className="flex items-start gap-4">
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {about !== undefined && (
          <p id={`${id}-about`} className={`mt-0.5 text-xs leading-4 ${error === null ? "text-muted" : "text-bad"}`}>
            {about}
          </p>
        )}
      </div>
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={checked}
        aria-describedby={about === undefined ? undefined : `${id}-about`}
        disabled={disabled}
        onClick={() => onChange(!checked)}
        className={`relative mt-0.5 h-6 w-10 shrink-0 rounded-full border transition-colors disabled:opacity-50 ${
          checked ? "border-accent bg-accent" : "border-muted bg-sunken"
        }`}
      >
        <span
          className={`absolute top-0.5 left-0.5 size-[1.125rem] rounded-full transition-transform ${
            checked ? "translate-x-4 bg-on-accent" : "bg-muted"
          }`}
        />
      </button>
    </div>
  );
}
