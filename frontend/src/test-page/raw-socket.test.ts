import { expect, it } from "vitest";

import { describeFrame, socketUrl } from "./raw-socket";

it("builds the address that a client would connect to", () => {
  const page = { protocol: "http:", host: "localhost:3000" };
  expect(socketUrl({ conversationId: "", latestEventId: "", sessionKey: "" }, page)).toBe(
    "ws://localhost:3000/socket.io/?EIO=4&transport=websocket",
  );
  expect(
    socketUrl({ conversationId: "c 1", latestEventId: "-1", sessionKey: "k&k" }, { ...page, protocol: "https:" }),
  ).toBe(
    "wss://localhost:3000/socket.io/?EIO=4&transport=websocket&conversation_id=c+1&latest_event_id=-1&session_api_key=k%26k",
  );
});

it.each([
  ['0{"sid":"x"}', "handshake"],
  ["2", "ping"],
  ["3", "pong"],
  ["40", "connect"],
  ["41", "disconnect"],
  ['42["oh_event",{}]', "event"],
  ["431[]", "acknowledgement"],
  ['44{"message":"no"}', "refused"],
  ["x", "unknown"],
])("calls the frame %s %s", (text, expected) => {
  expect(describeFrame(text)).toBe(expected);
});
