import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { removeToken, saveToken } from "@/api/git";
import { usualHost, type GitProvider } from "@/api/git-providers";
import { describeError } from "@/api/http";
import { settingsQuery } from "@/api/settings";
import { Button } from "@/components/button";
import { TextField } from "@/components/form-fields";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import { OuterLink } from "@/features/settings/section-frame";

interface ProviderCardProps {
  provider: GitProvider;
  hosts: ReadonlyMap<GitProvider, string | null>;
  /** Takes whether there is something that is not saved. */
  onEntered: (provider: GitProvider, isEntered: boolean) => void;
}

/** The token for one service. The server tries it before it keeps it. */
export function ProviderCard({ provider, hosts, onEntered }: ProviderCardProps) {
  const texts = m.settings.git;
  const { name, help, page } = texts.providers[provider];
  const queries = useQueryClient();
  const isSet = hosts.has(provider);
  const storedHost = hosts.get(provider) ?? "";
  const [token, setToken] = useState("");
  const [host, setHost] = useState<string | null>(null);
  const [isTried, setTried] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const shownHost = host ?? storedHost;
  const isEntered = token !== "" || shownHost !== storedHost;
  const refresh = async () => {
    // What is offered of repositories depends on the tokens.
    await queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
    for (const queryKey of [["repositories"], ["branches"], ["suggested-tasks"]]) queries.removeQueries({ queryKey });
  };
  const reset = () => {
    setToken("");
    setHost(null);
    setTried(false);
  };
  const save = useMutation({
    mutationFn: () => saveToken(hosts, provider, token.trim(), shownHost.trim() || null),
    onSuccess: async () => {
      await refresh();
      reset();
    },
  });
  const remove = useMutation({
    mutationFn: () => removeToken(hosts, provider),
    onSuccess: async () => {
      await refresh();
      reset();
    },
  });
  const touch = () => {
    save.reset();
    remove.reset();
  };
  // A token is for its host: another one gets another token.
  const isMissing = token.trim() === "" && (!isSet || shownHost !== storedHost);
  useEffect(() => onEntered(provider, isEntered), [provider, isEntered, onEntered]);
  const error = isTried && isMissing ? texts.tokenMissing : save.isError ? describeError(save.error) : null;
  const address = hostAddress(shownHost.trim());
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex min-h-12 w-full items-center gap-3 px-4 text-left text-sm"
      >
        <Icon name="chevron" className={`text-muted transition-transform ${isOpen ? "rotate-90" : ""}`} />
        <span className="font-medium">{name}</span>
        <span className={`ml-auto min-w-0 truncate text-xs ${isSet ? "text-ok" : "text-muted"}`}>
          {isSet ? texts.connected(storedHost || usualHost[provider]) : texts.notConnected}
        </span>
      </button>
      {isOpen && (
        <form
          noValidate
          aria-label={name}
          className="space-y-4 px-4 pt-1 pb-4"
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (!isMissing) save.mutate();
          }}
        >
          <p className="text-xs leading-4 text-muted">
            {help} <OuterLink href={address ?? page}>{texts.makeToken}</OuterLink>
          </p>
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField
              label={texts.token(name)}
              hint={isSet ? texts.tokenStored : undefined}
              error={error}
              type="password"
              value={token}
              placeholder={isSet ? "••••••••••••" : ""}
              onChange={(entered) => {
                setToken(entered);
                touch();
              }}
            />
            <TextField
              label={texts.host(name)}
              hint={texts.hostHint(usualHost[provider])}
              value={shownHost}
              placeholder={usualHost[provider]}
              onChange={(entered) => {
                setHost(entered);
                touch();
              }}
            />
          </div>
          <div className="flex min-h-9 flex-wrap items-center gap-3">
            <Button type="submit" look="primary" disabled={save.isPending || (isSet && !isEntered)}>
              {save.isPending && <Spinner />}
              {save.isPending ? texts.checking : texts.save}
            </Button>
            {isSet && (
              <Button look="quiet" disabled={remove.isPending} onClick={() => remove.mutate()}>
                {texts.remove}
              </Button>
            )}
            <p role="status" className="min-w-0 flex-1 text-sm leading-5 wrap-anywhere">
              {save.isSuccess && <span className="text-ok">{texts.saved}</span>}
              {remove.isSuccess && <span className="text-muted">{texts.removed}</span>}
              {remove.isError && <span className="text-bad">{describeError(remove.error)}</span>}
            </p>
          </div>
        </form>
      )}
    </div>
  );
}

/** Where the pages of a server of one's own are. */
function hostAddress(host: string): string | null {
  if (host === "") return null;
  return /^https?:\/\//.test(host) ? host : `https://${host}`;
}
