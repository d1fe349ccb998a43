/** OpenHands' states and status ids in words a person can act on. */

import type { AgentState } from "@/wire/generated/events";

interface Words {
  title: string;
  help: string;
}

const explanations: Record<string, Words> = {
  STATUS$ERROR_LLM_AUTHENTICATION: {
    title: "The model refused the API key",
    help: "Check the API key and the model name in the settings, then send your message again.",
  },
  STATUS$ERROR_LLM_SERVICE_UNAVAILABLE: {
    title: "The model could not be reached",
    help: "Check the base URL in the settings and whether the provider is up. Nothing is lost: say “continue” to try again.",
  },
  STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR: {
    title: "The model’s provider had an internal error",
    help: "This usually passes. Say “continue” in a moment to try again.",
  },
  STATUS$ERROR_LLM_OUT_OF_CREDITS: {
    title: "The model’s account is out of credit",
    help: "Top up the account at the provider, or choose another model in the settings.",
  },
  STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION: {
    title: "The provider refused the content",
    help: "Its content policy stopped this request. Put it in other words, or choose another model.",
  },
  CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE: {
    title: "The model is rate limited",
    help: "The provider kept refusing for too many requests. Wait a minute, then say “continue”.",
  },
  STATUS$ERROR_RUNTIME_DISCONNECTED: {
    title: "The workspace stopped answering",
    help: "Send a message to start it again. Files in the workspace are kept.",
  },
  STATUS$GIT_PROVIDER_AUTHENTICATION_ERROR: {
    title: "The git provider refused the token",
    help: "Check that the token is valid and may read the repository.",
  },
  STATUS$ERROR_MEMORY: {
    title: "The workspace instructions could not be read",
    help: "Check the repository’s .openhands folder, then send your message again.",
  },
  STATUS$ERROR: {
    title: "Something went wrong",
    help: "Say “continue” to try again. The server’s log has the details.",
  },
  AGENT_ERROR$TOO_MANY_CONVERSATIONS: {
    title: "Too many conversations at once",
    help: "This one was closed to make room. Stop another one, then resume this one.",
  },
  AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED: {
    title: "Not carried out",
    help: "The agent was stopped first.",
  },
  AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_ERROR: {
    title: "Not carried out",
    help: "The agent or its workspace failed first.",
  },
  stepLimit: {
    title: "The step limit is reached",
    help: "Say “continue” to allow as many steps again, or raise the limit in the settings.",
  },
  costLimit: {
    title: "The cost limit is reached",
    help: "Say “continue” to allow the same amount again.",
  },
  loop: {
    title: "The agent went round in circles",
    help: "It repeated the same steps without progress and was halted. Tell it what to do differently.",
  },
  unknown: {
    title: "Something went wrong",
    help: "Say “continue” to try again.",
  },
};

const states: Record<AgentState, string> = {
  loading: "Getting ready",
  running: "Working",
  awaiting_user_input: "Waiting for you",
  paused: "Paused",
  stopped: "Stopped",
  finished: "Done",
  rejected: "Declined",
  error: "Failed",
  awaiting_user_confirmation: "Needs your approval",
  user_confirmed: "Approved",
  user_rejected: "Rejected",
  rate_limited: "Waiting for the model",
};

const statuses: Record<string, string> = {
  STATUS$STOPPED: "Stopped",
  STATUS$BUILDING_RUNTIME: "Preparing the workspace",
  STATUS$STARTING_RUNTIME: "Starting the workspace",
  STATUS$RUNTIME_STARTED: "Workspace started",
  STATUS$SETTING_UP_WORKSPACE: "Setting up the workspace",
  STATUS$SETTING_UP_GIT_HOOKS: "Setting up git hooks",
  STATUS$READY: "Ready",
  STATUS$LLM_RETRY: "The model did not answer; trying again",
};

export const words = { explanations, states, statuses };
