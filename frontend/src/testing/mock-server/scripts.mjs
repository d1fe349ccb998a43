// What the stand-in agent does, step by step.

let tokens = 0;
const metrics = () => {
  tokens += 1840;
  return {
    accumulated_cost: tokens * 0.000003,
    max_budget_per_task: null,
    accumulated_token_usage: { model: "default", prompt_tokens: tokens, completion_tokens: 210, cache_read_tokens: 0, cache_write_tokens: 0, context_window: 128000, per_turn_token: 0, response_id: "" },
    costs: [],
    response_latencies: [],
    token_usages: [],
  };
};

const act = (action, args, message = "") => ({ action, args, message, llm_metrics: metrics() });

const run = (command, content, { code = 0, thought = "", takes = 250, pause = 60 } = {}) => ({
  wait: 500,
  say: thought,
  event: act("run", { command, is_input: false, thought, blocking: false, is_static: false, cwd: null, hidden: false, confirmation_state: "confirmed", security_risk: 0 }),
  output: content.split(/(?<=\n)/),
  pause,
  takes,
  answer: {
    observation: "run",
    content,
    extras: { command, hidden: false, metadata: { exit_code: code, pid: -1, username: null, hostname: null, working_dir: "/workspace", py_interpreter_path: null, prefix: "", suffix: "" } },
    success: code === 0,
  },
});

const edit = (path, diff, args, thought = "") => ({
  wait: 500,
  say: thought,
  event: act("edit", { path, command: "str_replace", file_text: null, old_str: null, new_str: null, insert_line: null, content: "", start: 1, end: -1, thought, security_risk: 0, impl_source: "oh_aci", ...args }),
  answer: { observation: "edit", content: "The file has been edited.", extras: { path, prev_exist: true, old_content: null, new_content: null, impl_source: "oh_aci", diff, _diff_cache: null } },
});

const read = (path, content) => ({
  wait: 400,
  event: act("read", { path, start: 0, end: -1, thought: "", security_risk: 0, impl_source: "oh_aci", view_range: null }),
  answer: { observation: "read", content, extras: { path, impl_source: "oh_aci" } },
});

const think = (thought) => ({
  wait: 400,
  event: act("think", { thought }),
  takes: 0,
  answer: { observation: "think", content: "Your thought has been logged.", extras: {} },
});

const plan = (...tasks) => ({
  wait: 300,
  event: act("task_tracking", { command: "plan", thought: "", task_list: tasks.map(([title, status], at) => ({ id: String(at + 1), title, status, notes: "" })) }),
  takes: 0,
  answer: { observation: "task_tracking", content: "Task list has been updated.", extras: { command: "plan", task_list: [] } },
});

const message = (content, waits = false) => ({
  wait: 400,
  say: content,
  event: { ...act("message", { content, file_urls: null, image_urls: null, wait_for_response: waits, security_risk: -1 }, content), type: "message" },
});

const finish = (text) => [
  { wait: 500, event: act("finish", { final_thought: text, outputs: {}, thought: "" }, text) },
  { state: "finished" },
];

const SOURCE = `def median(numbers):
    """Return the middle value."""
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle]


def mean(numbers):
    return sum(numbers) / len(numbers)`;

const added = (path, text) => `--- ${path}\n+++ ${path}\n@@ -0,0 +1,${text.split("\n").length} @@\n${text.split("\n").map((line) => `+${line}`).join("\n")}`;

const FAILED_TESTS = `\x1b[1m============================= test session starts ==============================\x1b[0m
platform linux -- Python 3.12.3, pytest-8.3.2
collected 4 items

test_stats.py \x1b[32m.\x1b[0m\x1b[32m.\x1b[0m\x1b[31mF\x1b[0m\x1b[32m.\x1b[0m                                                     [100%]

\x1b[31m=================================== FAILURES ===================================
______________________________ test_median_of_four ______________________________\x1b[0m

    def test_median_of_four():
>       assert median([1, 2, 3, 4]) == 2.5
\x1b[1m\x1b[31mE       assert 3 == 2.5\x1b[0m
\x1b[1m\x1b[31mE        +  where 3 = median([1, 2, 3, 4])\x1b[0m

test_stats.py:12: AssertionError
\x1b[31m=========================== short test summary info ============================
FAILED test_stats.py::test_median_of_four - assert 3 == 2.5
\x1b[1m1 failed\x1b[0m, \x1b[32m3 passed\x1b[0m\x1b[31m in 0.04s\x1b[0m
`;

const FIX = `--- /workspace/stats.py
+++ /workspace/stats.py
@@ -1,8 +1,11 @@
 def median(numbers):
     """Return the middle value."""
     ordered = sorted(numbers)
     middle = len(ordered) // 2
-    return ordered[middle]
+    if len(ordered) % 2 == 1:
+        return ordered[middle]
+    return (ordered[middle - 1] + ordered[middle]) / 2
 
 
 def mean(numbers):`;

export function* demo() {
  yield plan(["Write stats.py with mean and median", "in_progress"], ["Write tests", "todo"], ["Make them pass", "todo"]);
  yield run("pwd && ls -la && python3 --version", "/workspace\ntotal 8\ndrwxr-xr-x 2 agent agent 4096 Jan  2 03:04 .\ndrwxr-xr-x 3 agent agent 4096 Jan  2 03:04 ..\nPython 3.12.3\n", { thought: "I’ll look at the workspace first, then write a **small program** with tests." });
  yield edit("/workspace/stats.py", added("/workspace/stats.py", SOURCE), { command: "create", file_text: SOURCE }, "The workspace is empty. I’ll begin with the functions.");
  yield run("cat > test_stats.py <<'EOF'\nfrom stats import mean, median\n\ndef test_mean():\n    assert mean([1, 2, 3]) == 2\n\ndef test_median_of_four():\n    assert median([1, 2, 3, 4]) == 2.5\nEOF", "");
  yield run("python3 -m pytest -q", FAILED_TESTS, { code: 1, thought: "Now the tests.", takes: 600 });
  yield think("With an even count there is no middle value: `median` must take the mean of the two in the middle.");
  yield edit("/workspace/stats.py", FIX, {}, "One test fails: `median` takes the upper of the two middle values. I’ll fix that.");
  yield run("python3 -m pytest -q", "\x1b[32m....                                                                     [100%]\x1b[0m\n\x1b[32m\x1b[1m4 passed\x1b[0m\x1b[32m in 0.02s\x1b[0m\n", { takes: 400 });
  yield run("git init -q && git add -A && git commit -qm 'Add mean and median' && git log --oneline", "3f1c2aa Add mean and median\n");
  yield plan(["Write stats.py with mean and median", "done"], ["Write tests", "done"], ["Make them pass", "done"]);
  yield* finish("I wrote `stats.py` with `mean` and `median`, and four tests.\n\n- One test failed at first: the median of an even count was wrong.\n- After the fix **all four pass**.\n\nRun them again with `python3 -m pytest`.");
}

export function* failing() {
  yield { wait: 500, status: { id: "STATUS$ERROR_LLM_AUTHENTICATION", message: "STATUS$ERROR_LLM_AUTHENTICATION" }, state: "error", reason: "STATUS$ERROR_LLM_AUTHENTICATION" };
}

export function* history() {
  for (let at = 0; at < 2000; at += 1) {
    yield { ...run(`echo ${at}`, `${at}\n`), wait: 0, output: [], takes: 0, pause: 0 };
  }
  yield message("That was a lot.", true);
  yield { state: "awaiting_user_input" };
}

export function* everything() {
  yield message("Here is a table and code:\n\n| Name | Value |\n|---|---:|\n| a | 1 |\n| b | 22 |\n\n```python\nprint('hello')\n```\n\n> A quote, and ![a picture](https://example.com/p.png) from elsewhere. <b>not bold</b>\n\n1. one\n2. two\n   - nested");
  yield read("/workspace/src/deeply/nested/folder/with/a/very/long/name/module.py", "     1\timport os\n     2\t\n     3\tprint(os.getcwd())\n");
  yield run("sleep 100", "", { code: -1 });
  yield run("seq 1 200", Array.from({ length: 200 }, (_, at) => `line ${at + 1}`).join("\n"), { pause: 0 });
  yield { wait: 100, event: { observation: "error", content: "Tool no_such_tool is not registered. Please check the tool name and retry with an existing tool.", extras: { error_id: "" } } };
  yield { wait: 100, event: act("call_tool_mcp", { name: "fetch", arguments: { url: "https://example.com" }, thought: "", security_risk: 0 }), answer: { observation: "mcp", content: '{"isError":false,"content":[{"type":"text","text":"Example Domain"}]}', extras: { name: "fetch", arguments: {} } } };
  yield { wait: 100, event: { action: "from_the_future", args: {}, message: "An action of a kind this interface does not know" } };
  yield { wait: 100, event: act("condensation", { forgotten_event_ids: [1], forgotten_events_start_id: null, forgotten_events_end_id: null, summary: "The user wants everything drawn.", summary_offset: 1 }) };
  yield message("Shall I go on?", true);
  yield { state: "awaiting_user_input" };
}
