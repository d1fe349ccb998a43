// A model server that speaks OpenAI's chat completions with streaming and answers from a script.

import { once } from "node:events";
import { createServer } from "node:http";

/** A tool call of a scripted answer. */
export const call = (name, args) => ({ name, arguments: JSON.stringify(args) });

export class ScriptedModel {
  /** The requests it got: `{ path, authorization, body }`. */
  requests = [];
  /** The bodies of requests without tools, which are answered outside of the script. */
  titles = [];
  /** The only key that it takes; null takes any. */
  key = null;
  #answers = [];
  #server;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start() {
    const model = new ScriptedModel();
    model.#server.listen(0, "127.0.0.1");
    await once(model.#server, "listening");
    return model;
  }

  /** Adds answers, each `{ text, calls }`: one a request. */
  script(...answers) {
    this.#answers.push(...answers);
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== "POST") {
      response.writeHead(404).end();
      return;
    }
    if (this.key !== null && request.headers.authorization !== `Bearer ${this.key}`) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "this key is not known here" } }));
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString());
    if (body.tools === undefined) {
      // Somebody asks beside the conversations, for a title.
      this.titles.push(body);
      this.#stream(response, body, { text: "A scripted title" }, 0);
      return;
    }
    this.requests.push({ path: request.url, authorization: request.headers.authorization, body });
    const answer = this.#answers.shift();
    if (answer === undefined) {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "the script has no more answers" } }));
      return;
    }
    this.#stream(response, body, answer, this.requests.length);
  }

  #stream(response, body, answer, number) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    for (const choice of pieces(answer, number)) {
      send({ id: `chatcmpl-${number}`, object: "chat.completion.chunk", created: 1, model: body.model, choices: [choice] });
    }
    const usage = { prompt_tokens: 100 * number, completion_tokens: 10, total_tokens: 100 * number + 10 };
    send({ id: `chatcmpl-${number}`, object: "chat.completion.chunk", created: 1, model: body.model, choices: [], usage });
    response.end("data: [DONE]\n\n");
  }
}

/** An answer as it streams: words, and calls whose arguments come in two halves. */
function* pieces({ text = "", calls = [] }, number) {
  const choice = (delta, finish_reason = null) => ({ index: 0, delta, finish_reason });
  yield choice({ role: "assistant", content: "" });
  for (const word of text.split(/(?<= )/)) yield choice({ content: word });
  for (const [index, { name, arguments: text }] of calls.entries()) {
    const half = Math.ceil(text.length / 2);
    const id = `call_${number}_${index}`;
    yield choice({ tool_calls: [{ index, id, type: "function", function: { name, arguments: text.slice(0, half) } }] });
    yield choice({ tool_calls: [{ index, function: { arguments: text.slice(half) } }] });
  }
  yield choice({}, calls.length > 0 ? "tool_calls" : "stop");
}
