package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is the page of a browser that was started for it.
type tab struct {
	context context.Context

	mu     sync.Mutex // guards faults
	faults []string   // what the console, the log and the network told
}

// openTab starts Chromium with a fresh profile.
func openTab(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("Chromium is not installed: run make deps (%v)", err)
	}
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(2 * time.Minute),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	})
	ctx, cancelTimeout := context.WithTimeout(context.Background(), 3*time.Minute)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// It waits until the browser is gone, which writes to its profile till then.
		_ = chromedp.Cancel(ctx)
		cancelTab()
		cancelBrowser()
		cancelTimeout()
	})
	return listenTo(t, ctx)
}

// another opens a further tab of the same browser.
func (b *tab) another(t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(b.context)
	t.Cleanup(closeTab)
	return listenTo(t, ctx)
}

func listenTo(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	opened := &tab{context: ctx}
	if err := chromedp.Listen(ctx, opened.listen); err != nil {
		t.Fatal(err)
	}
	opened.do(t, command(runtime.Enable, cdp.Empty{}), command(network.Enable, network.EnableParams{}),
		command(log.Enable, cdp.Empty{}))
	return opened
}

// listen keeps what a report's page must not do.
func (b *tab) listen(event any) {
	var fault string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		fault = "the page wrote to the console: " + string(e.Type)
	case *runtime.EventExceptionThrown:
		fault = "the page threw: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		fault = "the browser logged: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file:") && !strings.HasPrefix(e.Request.URL, "data:") {
			fault = "the page asked for " + e.Request.URL
		}
	case *page.EventJavascriptDialogOpening:
		fault = "the page opened a dialog: " + e.Message
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

// checkQuiet fails the test if the page wrote to the console, threw, or asked for any other file.
func (b *tab) checkQuiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Error(fault)
	}
}

func (b *tab) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.context, actions...); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns the value of a script.
func evaluate[T any](t *testing.T, b *tab, script string) T {
	t.Helper()
	value, err := chromedp.Run(b.context, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// screenshot keeps a picture of the whole page in the folder SCREENSHOTS, or makes it for nothing.
func (b *tab) screenshot(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(b.context, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is a command of the browser's protocol whose answer says nothing.
func command[P, R any](name cdp.Command[P, R], parameters P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, name, parameters)
		return err
	})
}

// colorScheme sets what the user prefers: light or dark.
func colorScheme(name string) chromedp.Action[chromedp.Void] {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

func noScripts() chromedp.Action[chromedp.Void] {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

func fileURL(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + absolute
}
