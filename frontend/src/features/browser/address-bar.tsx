import { useState } from "react";

import { CopyButton } from "@/components/copy-button";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import { linkTo } from "./visits";

const FRAME = "ml-1 flex h-8 min-w-0 flex-1 items-center rounded-lg border border-line bg-raised pl-2.5";

function State({ isLoading }: { isLoading: boolean }) {
  const className = "mr-2 size-3.5 text-muted";
  return isLoading ? <Spinner className={className} /> : <Icon name="globe" className={className} />;
}

/** The address of a page, to be read and copied. */
export function AddressShown({ address, isLoading }: { address: string; isLoading: boolean }) {
  const { browser } = m.workspace;
  const link = linkTo(address);
  return (
    <div className={FRAME}>
      <State isLoading={isLoading} />
      <span
        aria-label={browser.address}
        role="textbox"
        aria-readonly="true"
        tabIndex={0}
        title={address}
        className="min-w-0 flex-1 truncate font-mono text-xs"
      >
        {address || browser.blank}
      </span>
      <CopyButton label={m.common.copy} text={() => address} className="!size-7" />
      {link !== null && (
        <a
          href={link}
          target="_blank"
          rel="noreferrer noopener"
          aria-label={browser.openOutside}
          title={browser.openOutside}
          className="inline-flex size-7 items-center justify-center rounded-lg text-muted hover:bg-panel hover:text-ink"
        >
          <Icon name="external" className="size-3.5" />
        </a>
      )}
    </div>
  );
}

interface AddressFieldProps {
  address: string;
  isLoading: boolean;
  onGo: (address: string) => void;
}

/** The address of the page as a field; what is being typed stays while the page changes. */
export function AddressField({ address, isLoading, onGo }: AddressFieldProps) {
  const { browser } = m.workspace;
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <form
      className={`${FRAME} focus-within:border-accent`}
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = (typed ?? address).trim();
        if (wanted === "") return;
        setTyped(null);
        onGo(wanted);
      }}
    >
      <State isLoading={isLoading} />
      <input
        aria-label={browser.address}
        value={typed ?? address}
        placeholder={browser.live.addressHint}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        inputMode="url"
        enterKeyHint="go"
        onChange={({ target }) => setTyped(target.value)}
        onFocus={({ target }) => target.select()}
        onBlur={() => setTyped(null)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          setTyped(null);
        }}
        className="h-full min-w-0 flex-1 rounded-r-lg bg-transparent pr-2 font-mono text-base outline-none sm:text-xs"
      />
    </form>
  );
}
