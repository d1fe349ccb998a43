import { describeError } from "@/api/http";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { m } from "@/i18n/language";

interface ConfirmDialogProps {
  title: string;
  help: string;
  action: string;
  isPending: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is taken away. */
export function ConfirmDialog({ title, help, action, isPending, error, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="mt-2 text-sm text-muted">{help}</p>
      {error !== null && (
        <p role="alert" className="mt-3 text-sm text-bad">
          {describeError(error)}
        </p>
      )}
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={onClose}>{m.common.cancel}</Button>
        <Button look="danger" disabled={isPending} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
