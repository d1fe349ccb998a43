import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { m } from "@/i18n/language";

/** Which keys do what. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={m.shell.keys.title} onClose={onClose}>
      <dl className="mt-3 grid grid-cols-[auto_1fr] items-baseline gap-x-5 gap-y-2 text-sm">
        {m.shell.keys.list.map(([keys = "", what]) => (
          <div key={keys} className="contents">
            <dt className="flex gap-1">
              {keys.split(" ").map((key, at) => (
                <kbd key={at} className="rounded-md border border-line bg-panel px-1.5 font-sans text-xs whitespace-nowrap">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd className="text-muted">{what}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-5 flex justify-end">
        <Button onClick={onClose} autoFocus>
          {m.common.close}
        </Button>
      </div>
    </Dialog>
  );
}
