// Package decode writes claims into values of an application's types, by the rules of encoding/json, but strictly: names
// are compared with case, and a member that stands twice in an object is an error.
//
// What a type wants of the claims is worked out once ([planOf]). Claims that were parsed to verify a token are then read
// from there: strings, numbers, bools, structs of them, and slices and pointers of all of these. What any other type
// wants is left to go-jose's json, value by value.
package decode
