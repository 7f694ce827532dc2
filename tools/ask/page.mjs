/** The half of `ask` that runs in the page: loads the engine, makes the request, and gathers what `--json` prints. */
/* global window */

/** Without the entries that are undefined: the engine refuses fields that it does not know, and fills in the rest. */
const given = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** The request in the API's shape: a chat for a question, a completion for a prompt. */
function buildRequest({
  prompt,
  promptIds,
  system,
  question,
  document,
  maxTokens,
  sampling,
  isExact,
  numLogprobs,
}) {
  const common = given({
    ...sampling,
    max_tokens: maxTokens,
    exact: isExact || undefined,
    return_token_ids: true,
  });
  if (question === undefined) {
    return given({ ...common, prompt: promptIds ?? prompt, logprobs: numLogprobs });
  }
  const messages = [{ role: 'user', content: question }];
  if (system !== undefined) messages.unshift({ role: 'system', content: system });
  const logprobs = numLogprobs === undefined ? {} : { logprobs: true, top_logprobs: numLogprobs };
  return given({
    ...common,
    ...logprobs,
    messages,
    document: document === undefined ? undefined : { text: document },
  });
}

const describeToken = ({ token_id: id, logprob }) => ({ id, logprob });

/** The fields that `--json` prints, from an answer and the engine's statistics after it. */
function buildReport(answer, stats) {
  const [choice] = answer.choices;
  const { lastRequest, loadMs } = stats.timings;
  const { gpuBytes, total, peakTotal, hostBytes, diskBytes } = stats.memory;
  const { pages, residentPages, reranks, promotions, stalls } = stats.kv;
  return {
    text: choice.message?.content ?? choice.text,
    tokenIds: choice.token_ids,
    finishReason: choice.finish_reason,
    logprobs:
      choice.logprobs?.content.map((step) => ({
        ...describeToken(step),
        top: step.top_logprobs.map(describeToken),
      })) ?? null,
    usage: answer.usage,
    timings: { loadMs, ...lastRequest },
    memory: { gpuBytes: { ...gpuBytes, total, peakTotal }, hostBytes, diskBytes },
    kv: { pages, residentPages, reranks, promotions, stalls },
    gpu: stats.gpu,
    adapter: stats.adapter,
  };
}

async function answerAsJson(endpoint, engine, request) {
  const answer = await endpoint.create(request);
  return buildReport(answer, await engine.stats());
}

async function streamText(endpoint, request) {
  for await (const { choices } of await endpoint.create({ ...request, stream: true })) {
    const text = choices[0]?.delta?.content ?? choices[0]?.text;
    if (text) await window.longpageText(text);
  }
}

/**
 * Runs one request from load to disposal. Never throws: an error crosses to the terminal as its code and message.
 * @returns {Promise<{ report?: object, error?: { code: string, message: string } }>}
 */
export async function run(options) {
  let engine;
  try {
    const { Engine } = await import('/dist/index.js');
    const { kv, weights, modelUrl, hub } = options;
    // To attend every page is to have every page on the GPU.
    const unstableShare = options.isExact ? 1 : undefined;
    engine = await Engine.load(modelUrl, given({ hub, weights, kv: given({ ...kv, unstableShare }) }));
    const endpoint = options.question === undefined ? engine.completions : engine.chat.completions;
    const request = buildRequest(options);
    if (options.isJson) return { report: await answerAsJson(endpoint, engine, request) };
    await streamText(endpoint, request);
    return {};
  } catch (error) {
    return { error: { code: error.code ?? error.name, message: error.message } };
  } finally {
    await engine?.dispose();
  }
}
