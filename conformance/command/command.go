package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
)

const name = "holdfast-conform"

// What the command exits with.
const (
	exitHolds  = 0 // every MUST holds
	exitBroken = 1 // one does not, or is not known
	exitUsage  = 2 // nothing was played, or a report could not be written
)

// Main runs the command on the catalogue and on more cases, and ends the process.
func Main(more ...player.Case) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(play(ctx, more, os.Args[1:], os.Stdout, os.Stderr))
}

// play does what the arguments say, and returns the exit status.
func play(ctx context.Context, more []player.Case, args []string, stdout, stderr io.Writer) int {
	cases := append(catalogue.Cases(), more...)
	if err := player.Validate(cases); err != nil {
		return complain(stderr, err.Error())
	}
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "list":
		return list(cases, args, stdout, stderr)
	case "powers":
		return listPowers(cases, args, stdout, stderr)
	case "run":
		return run(ctx, cases, args, stdout, stderr)
	case "diff":
		return diff(args, stdout, stderr)
	case "schema":
		return schema(args, stdout, stderr)
	case "record":
		return record(ctx, cases, args, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitHolds
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, name, version())
		return exitHolds
	case "":
		return complain(stderr, "say what to do: list, powers, run, diff, schema or record")
	}
	return complain(stderr, fmt.Sprintf("there is no command %q: say list, powers, run, diff, schema or record", verb))
}

// complain says in one line what is wrong and what would fix it.
func complain(stderr io.Writer, what string) int {
	fmt.Fprintf(stderr, "%s: %s (%s help says more)\n", name, what, name)
	return exitUsage
}

// version is that of the module, as far as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

const usage = `Plays Holdfast's catalogue of rules on an API.

  holdfast-conform list [-json]
  holdfast-conform powers [-json]
  holdfast-conform run [flags] -- command [arguments]
  holdfast-conform run [flags] -url URL -dpop MODE -issuer-listen ADDRESS -ca-file FILE
  holdfast-conform run -vectors FOLDER
  holdfast-conform diff OLD.json NEW.json
  holdfast-conform schema
  holdfast-conform record FOLDER
  holdfast-conform version

"holdfast-conform run -h" lists the flags, "holdfast-conform schema" prints the JSON Schema of the reports that
-json writes. The command must start an API that reads its environment:

  HOLDFAST_ISSUER    the identifier of the issuer to trust, an https URL
  HOLDFAST_AUDIENCE  the audience that tokens must name
  HOLDFAST_CA_FILE   a PEM file with the certificate of the issuer
  HOLDFAST_DPOP      allowed, required or disabled
  HOLDFAST_LISTEN    the address to listen on, for plain HTTP

and serves /health without a token, /resource and what is below it with one, by any method, and /scoped with one that has
the scope read:conformance. It accepts tokens signed by RS256 and proofs signed by ES256. What else it can do are powers, which
it declares in the field Holdfast-Powers of its answer to /health; "holdfast-conform powers" lists them.

Exit status: 0 every MUST holds (or is listed as known to fail), 1 one does not or is undecided, 2 nothing was played; of
diff 0 nothing is worse, 1 something is, 2 nothing was compared.
`
