/** Leaves out of JSON, before it is parsed, what a third of most objects is and hardly anybody looks at: who has written which field. */

const opening = '"managedFields":[{';
/** FieldsV1 has no arrays, so the first one that ends after an object is that of the entries. */
const closing = "}]";

/**
 * The text with empty `managedFields`, when it is written without blanks, as kube-apiserver does. Should a name within contain the
 * closing brackets, then what is left is no JSON: whoever parses it must be ready to take the whole text instead.
 */
export function withoutManagedFields(json: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = json.indexOf(opening); at >= 0; at = json.indexOf(opening, from)) {
    const end = json.indexOf(closing, at);
    if (end < 0) break;
    kept.push(json.slice(from, at + opening.length - 1));
    from = end + 1;
  }
  return kept.length === 0 ? json : kept.join("") + json.slice(from);
}
