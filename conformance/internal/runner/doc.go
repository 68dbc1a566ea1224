// Package runner plays the catalogue over HTTP on an API that it starts, or that is there already, and writes down what
// came of it. Whatever the API does (it does not start, dies, hangs, answers 500 or a redirect to everything), the run
// ends within its bounds, says so, and has a result for every case.
package runner
