import { expect, it } from "vitest";

import { explain, statusInWords } from "./words";

it.each([
  ["STATUS$ERROR_LLM_AUTHENTICATION", "The model refused the API key"],
  ["STATUS$ERROR_LLM_OUT_OF_CREDITS", "The model’s account is out of credit"],
  ["CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE", "The model is rate limited"],
  ["RuntimeError: Agent reached maximum iteration. Current iteration: 20, max iteration: 20", "The step limit is reached"],
  ["RuntimeError: Agent reached maximum budget for conversation.", "The cost limit is reached"],
  ["AgentStuckInLoopError: Agent got stuck in a loop", "The agent went round in circles"],
  ["", "Something went wrong"],
])("explains %j", (reason, title) => {
  expect(explain(reason).title).toBe(title);
  expect(explain(reason).help).not.toBe("");
});

it("shows the text of an error it does not know, without the name of its class", () => {
  expect(explain("ValueError: the disk is full").help).toBe("the disk is full");
});

it("has words for progress only", () => {
  expect(statusInWords("STATUS$STARTING_RUNTIME")).toBe("Starting the workspace");
  expect(statusInWords("STATUS$ERROR")).toBeNull();
});
