import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type InputHTMLAttributes, type ReactNode } from "react";

import { describeError } from "@/api/http";
import {
  configQuery,
  effectiveModel,
  modelsQuery,
  saveSettings,
  settingsQuery,
  type ServerConfig,
  type Settings,
} from "@/api/settings";
import { Button } from "@/components/button";
import { Icon } from "@/components/icons";

/** Which model works, and how far it may go. */
export function SettingsPage({ menu }: { menu: ReactNode }) {
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  return (
    <main className="h-full min-w-0 flex-1 overflow-y-auto">
      <header className="flex h-14 items-center gap-2 px-3 sm:px-5">{menu}</header>
      <div className="mx-auto w-full max-w-xl px-4 pb-16 sm:px-6">
        <h1 className="text-xl font-semibold tracking-tight">Settings</h1>
        {settings.isError && (
          <p role="alert" className="mt-4 text-sm text-bad">
            The settings could not be loaded. {describeError(settings.error)}
          </p>
        )}
        {settings.data !== undefined && config.data !== undefined && (
          <SettingsForm settings={settings.data} config={config.data} />
        )}
      </div>
    </main>
  );
}

function SettingsForm({ settings, config }: { settings: Settings | null; config: ServerConfig }) {
  const queries = useQueryClient();
  const models = useQuery(modelsQuery);
  const [model, setModel] = useState(settings?.model ?? "");
  const [baseUrl, setBaseUrl] = useState(settings?.baseUrl ?? "");
  const [iterations, setIterations] = useState(settings?.maxIterations?.toString() ?? "");
  const [apiKey, setApiKey] = useState("");
  const [forgetsKey, setForgetsKey] = useState(false);
  const modelList = useId();
  const save = useMutation({
    mutationFn: () =>
      saveSettings(settings, {
        model: model.trim(),
        baseUrl: baseUrl.trim(),
        maxIterations: iterations === "" ? null : Number(iterations),
        apiKey: apiKey !== "" ? apiKey : forgetsKey ? "" : null,
      }),
    onSuccess: async () => {
      setApiKey("");
      setForgetsKey(false);
      await queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
    },
  });
  const hasKey = settings?.hasApiKey === true && !forgetsKey;
  return (
    <form
      className="mt-6 space-y-6"
      onChange={() => save.reset()}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {effectiveModel(settings, config) === "demo" && (
        <p className="flex items-start gap-2.5 rounded-xl bg-accent-soft px-4 py-3 text-sm">
          <Icon name="flag" className="mt-0.5 text-accent" />
          <span>
            <strong className="font-medium">The demo model is in use.</strong> It follows a script and needs no key. Enter a
            model below to work with it instead; “demo” brings this one back.
          </span>
        </p>
      )}
      <Field
        label="Model"
        hint="As provider/name, for example anthropic/claude-sonnet-4-5 or openai/gpt-5. A local server works too: openai/name with its base URL."
        value={model}
        onChange={setModel}
        placeholder={config.defaultModel ?? "demo"}
        list={modelList}
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id={modelList}>
        {models.data?.map((name) => <option key={name} value={name} />)}
      </datalist>
      <Field
        label="API key"
        hint={
          hasKey
            ? "A key is stored. It is never shown again; enter another one to replace it."
            : "Kept encrypted on this server and sent only to the model’s provider."
        }
        type="password"
        value={apiKey}
        onChange={setApiKey}
        placeholder={hasKey ? "••••••••••••" : ""}
        autoComplete="off"
        action={
          hasKey && (
            <button type="button" onClick={() => setForgetsKey(true)} className="text-xs text-bad underline">
              Remove the stored key
            </button>
          )
        }
      />
      <Field
        label="Base URL"
        hint="Only for local or self-hosted model servers. Leave empty otherwise."
        type="url"
        value={baseUrl}
        onChange={setBaseUrl}
        placeholder="http://127.0.0.1:11434/v1"
        spellCheck={false}
      />
      <Field
        label="Step limit"
        hint="After this many steps the agent stops and asks. Empty for the server’s default."
        type="number"
        min={1}
        inputMode="numeric"
        value={iterations}
        onChange={setIterations}
      />
      <div className="flex items-center gap-4">
        <Button type="submit" look="primary" disabled={save.isPending}>
          Save
        </Button>
        <p role="status" className="text-sm">
          {save.isSuccess && <span className="text-ok">Saved. New messages use these settings.</span>}
          {save.isError && <span className="text-bad">Not saved. {describeError(save.error)}</span>}
        </p>
      </div>
    </form>
  );
}

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  hint: string;
  action?: ReactNode;
  onChange: (value: string) => void;
}

function Field({ label, hint, action, onChange, ...input }: FieldProps) {
  const id = useId();
  return (
    <div>
      <div className="flex items-baseline justify-between">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {action}
      </div>
      <input
        id={id}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
        className="mt-1.5 w-full rounded-lg border border-line-strong bg-raised px-3 py-2 text-base placeholder:text-muted sm:text-sm"
        {...input}
      />
      <p id={`${id}-hint`} className="mt-1.5 text-xs text-muted">
        {hint}
      </p>
    </div>
  );
}
