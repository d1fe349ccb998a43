import { useQuery } from "@tanstack/react-query";

import { describeError } from "@/api/http";
import { localServersQuery } from "@/api/models";
import { Button } from "@/components/button";
import { Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

interface LocalServersProps {
  /** The full name and the address of the model that is in use. */
  used: { model: string; baseUrl: string };
  isSaving: boolean;
  onUse: (model: string, baseUrl: string) => void;
}

/** Model servers that were found on the server's machine: one click uses one of their models. */
export function LocalServers({ used, isSaving, onUse }: LocalServersProps) {
  const found = useQuery(localServersQuery);
  const texts = m.settings.model.local;
  return (
    <section aria-label={texts.title} className="mb-6 rounded-xl border border-line bg-raised">
      <div className="flex min-h-11 items-center gap-2 px-4">
        <h3 className="flex-1 text-sm font-medium">{texts.title}</h3>
        <Button look="quiet" className="-mr-2 min-h-8 px-2 text-xs" disabled={found.isFetching} onClick={() => void found.refetch()}>
          {found.isFetching && <Spinner className="size-3.5" />}
          {texts.again}
        </Button>
      </div>
      <div className="border-t border-line px-4 py-2.5 text-sm">
        {found.isPending ? (
          <p className="text-xs leading-5 text-muted">{texts.looking}</p>
        ) : found.isError ? (
          <p className="text-xs leading-5 text-bad">{describeError(found.error)}</p>
        ) : found.data.length === 0 ? (
          <p className="text-xs leading-5 text-muted">{texts.none}</p>
        ) : (
          <div className="max-h-72 space-y-2 overflow-y-auto">
            {found.data.map((server) => (
              <div key={server.baseUrl}>
                <p className="flex flex-wrap gap-x-2 text-xs leading-6 text-muted">
                  <span className="font-medium text-ink">{server.name}</span>
                  <span className="truncate">{server.baseUrl}</span>
                </p>
                <ul>
                  {server.models.map((model) => (
                    <li key={model} className="flex items-center gap-3 py-1">
                      <span className="min-w-0 flex-1 truncate font-mono text-[0.8125rem]" title={model}>
                        {model.slice(model.indexOf("/") + 1)}
                      </span>
                      {model === used.model && server.baseUrl === used.baseUrl ? (
                        <span className="px-3 text-xs text-ok">{texts.inUse}</span>
                      ) : (
                        <Button
                          className="px-3 text-xs"
                          disabled={isSaving}
                          aria-label={texts.useModel(model, server.name)}
                          onClick={() => onUse(model, server.baseUrl)}
                        >
                          {texts.use}
                        </Button>
                      )}
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </div>
        )}
      </div>
    </section>
  );
}
