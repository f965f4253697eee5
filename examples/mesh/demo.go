package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// perform plays a day of a mesh. Each step is taken when what went before is
// seen to have worked, and by those who should see it.
func perform(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if o.realm == "" {
		o.realm = "demo-" + rand.Text()[:8] // so as not to meet the nodes of another reader
	}
	if b, err := o.places.open(); err != nil {
		return err // told once, and not by each of the nodes
	} else if err := b.Close(); err != nil {
		return err
	}
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Printf("%5.1fs  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
	}

	say("three nodes start")
	ada, err := startActor(ctx, o, "ada", "yes")
	if err != nil {
		return err
	}
	defer ada.kill()
	bob, err := startActor(ctx, o, "bob", "no")
	if err != nil {
		return err
	}
	defer bob.kill()
	cyd, err := startActor(ctx, o, "cyd", "yes")
	if err != nil {
		return err
	}
	defer cyd.kill()
	err = errors.Join(
		ada.expect(ctx, "sees bob up", "sees cyd up"),
		bob.expect(ctx, "sees ada up", "sees cyd up"),
		cyd.expect(ctx, "sees ada up", "sees bob up"),
	)
	if err != nil {
		return err
	}
	say("all know each other; each counts primes for all of them")
	const byAll = "calls were answered by ada .*bob .*cyd"
	if err := errors.Join(ada.expect(ctx, byAll), bob.expect(ctx, byAll), cyd.expect(ctx, byAll)); err != nil {
		return err
	}

	say("a word to everybody, one to bob alone, and a vote")
	err = errors.Join(
		ada.do("good morning"), ada.do("@bob psst"), cyd.do("lunch at noon?"),
		bob.expect(ctx, "ada says: good morning", "ada whispers: psst"),
		cyd.expect(ctx, "ada says: good morning", "^asked .*ada says yes", "^asked .*bob says no"),
	)
	if err != nil {
		return err
	}

	say("bob is killed")
	bob.kill()
	err = errors.Join(
		ada.expect(ctx, "sees bob suspect", "sees bob gone, lost"),
		cyd.expect(ctx, "sees bob suspect", "sees bob gone, lost"),
	)
	if err != nil {
		return err
	}

	say("dan joins")
	dan, err := startActor(ctx, o, "dan", "yes")
	if err != nil {
		return err
	}
	defer dan.kill()
	err = errors.Join(
		dan.expect(ctx, "sees ada up", "sees cyd up"),
		ada.expect(ctx, "sees dan up", "calls were answered by ada .*cyd .*dan"),
	)
	if err != nil {
		return err
	}

	say("cyd leaves, in the middle of the work")
	calls, failed := 0, 0
	if err := cyd.leave(ctx, &calls, &failed); err != nil {
		return err
	}
	err = errors.Join(
		ada.expect(ctx, "sees cyd gone, left", `calls were answered by ada \d+, dan`),
		dan.expect(ctx, "sees cyd gone, left"),
	)
	if err != nil {
		return err
	}
	if err := errors.Join(ada.leave(ctx, &calls, &failed), dan.leave(ctx, &calls, &failed)); err != nil {
		return err
	}
	say("ada, cyd and dan have made %d calls; %d failed", calls, failed)
	if failed > 0 {
		return fmt.Errorf("%d calls failed", failed)
	}
	return nil
}
