// Package rules is the register of the rules that Holdfast keeps: what a resource server must check of a request, where
// each rule comes from, and what a violation gets. It is data, and this package reads it.
//
// Errors of package verifier name the rule that was broken, and so do logs and the reports of holdfast-conform:
//
//	if failed, ok := errors.AsType[*verifier.Error](err); ok {
//		rule, _ := rules.Get(failed.Rule)
//		log.Printf("%s %s: %s (%s)", rule.Level, rule.ID, rule.Text, rule.Section())
//	}
//
// # The data
//
// The data is JSON, for programs in any language: register.json has the topics in their order, the outcomes and the
// documents that rules cite, and topics/ has one file a topic with its rules. register.schema.json and topic.schema.json
// describe the files. A test holds what a schema can't say: see the errors of the parser in parse.go.
//
// IDs are stable. A rule that is withdrawn leaves its number unused.
package rules
