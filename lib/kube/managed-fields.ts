/** Leaves out of JSON, before it is parsed, what a third of most objects is and hardly anybody looks at: who has written which field. */

const opening = '"managedFields":[{';

/**
 * The text with empty `managedFields`, when it is written without blanks, as kube-apiserver does. FieldsV1 has no arrays, so the first
 * bracket that closes is that of the entries. Where it stands in a name, or in an array after all, what is left is no JSON: whoever
 * parses it must be ready to take the whole text instead.
 */
export function withoutManagedFields(json: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = json.indexOf(opening); at >= 0; at = json.indexOf(opening, from)) {
    const end = json.indexOf("]", at);
    if (end < 0) break;
    // Entries are objects.
    const start = json[end - 1] === "}" ? at + opening.length - 1 : end;
    kept.push(json.slice(from, start));
    from = end;
  }
  return kept.length === 0 ? json : kept.join("") + json.slice(from);
}
