// Package strictjson reads the JSON of tokens: JOSE headers, claims sets, DPoP proofs, single keys.
//
// RFC 7515 section 4 and RFC 7519 section 4 demand more of a reader than RFC 8259 does, and more than encoding/json
// gives. Here
//
//   - a name is compared as it is, with case, after its escapes are decoded: "Alg" is not "alg", "\u0061lg" is;
//   - a name that stands twice in an object is an error, never a choice between two values;
//   - text is Unicode text (RFC 7493 section 2.1): invalid UTF-8 and an escape for half a surrogate pair are errors,
//     never replaced;
//   - there is nothing around the object but white space: no byte order mark, no second value;
//   - depth and number of members are bounded, cost is linear in size, and an error tells nothing of the input.
//
// [ParseObject] checks the syntax of the whole text and both limits at once, at every depth. Names are checked for
// duplicates in the outermost object then, and in an inner one when [Value.Object] reads it: what no code reads
// confuses no code. [Object.CheckDuplicates] checks every depth, for text that is to be handed to another decoder.
//
// Nothing is copied unless it has escapes: what is read of an [Object] or [Value] are parts of the text it was parsed
// from, which stays in memory as long as they do. Both are safe for concurrent use.
package strictjson
