// Pages that are always chosen: a sequence's last `window` pages, the row's own among them, and its first `sinks`. Needs the parameters
// of these names, `window` at least 1, and both together no more than the budget.

const forced = 3.4028234e38;

fn isForced(page: u32, lastPage: u32) -> bool {
  return page + params.window > lastPage || page < params.sinks;
}
