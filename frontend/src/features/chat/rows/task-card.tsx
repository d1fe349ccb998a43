import { Icon } from "@/components/icons";
import type { ActionOf } from "@/conversation/view";

import { Card } from "./card";

/** The agent's plan as a list that is ticked off. */
export function TaskCard({ action }: { action: ActionOf<"task_tracking"> }) {
  const tasks = action.args.task_list;
  if (action.args.command !== "plan" || tasks.length === 0) {
    return <Card icon="list" title={<span className="text-muted">Looked at the plan</span>} />;
  }
  const done = tasks.filter((task) => task.status === "done").length;
  return (
    <Card
      icon="list"
      title="Plan"
      aside={
        <span className="text-xs text-muted tabular-nums">
          {done} of {tasks.length} done
        </span>
      }
    >
      <ol className="space-y-1.5 px-3.5 py-2.5 text-sm">
        {tasks.map((task, at) => (
          <li key={task.id || at} className="flex items-start gap-2.5">
            <span className="flex h-6 items-center" aria-hidden="true">
              {task.status === "done" ? (
                <Icon name="check" className="size-4 text-ok" />
              ) : task.status === "in_progress" ? (
                <span className="m-0.5 size-3 rounded-full border-[3.5px] border-accent" />
              ) : (
                <span className="m-0.5 size-3 rounded-full border border-line-strong" />
              )}
            </span>
            <span className={task.status === "done" ? "text-muted" : ""}>
              {task.title}
              <span className="sr-only"> ({task.status.replace("_", " ")})</span>
              {task.notes && <span className="block text-xs text-muted">{task.notes}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
