// A reporter for Node's test runner that prints nothing: it tells scripts/test.mjs, over the
// channel to its parent, what happens when.
export default async function* tell(events) {
  for await (const { type, data } of events) {
    process.send?.({ type, name: data.name, file: data.file, nesting: data.nesting });
    yield '';
  }
}
