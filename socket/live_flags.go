package socket

// SetProbe turns WithProbe on or off, for the peers that come.
func (r *Req) SetProbe(on bool) { r.setFlag(&r.cfg.probe, on) }

// SetProbe turns WithProbe on or off, for the peers that come.
func (d *Dealer) SetProbe(on bool) { d.setFlag(&d.cfg.probe, on) }

// SetProbe turns WithProbe on or off, for the peers that come.
func (r *Router) SetProbe(on bool) { r.setFlag(&r.cfg.probe, on) }

// SetMandatory turns WithMandatory on or off. A Send that waits looks again.
func (r *Router) SetMandatory(on bool) { r.setFlag(&r.cfg.mandatory, on) }

// SetHandover turns WithHandover on or off, for the peers that come.
func (r *Router) SetHandover(on bool) { r.setFlag(&r.cfg.handover, on) }

// SetSilentDrop turns WithSilentDrop on or off.
func (r *Router) SetSilentDrop(on bool) { r.setFlag(&r.cfg.silent, on) }

// SetCorrelate turns WithCorrelate on or off, from the next request on.
func (r *Req) SetCorrelate(on bool) { r.setFlag(&r.request.Correlate, on) }

// SetRelaxed turns WithRelaxed on or off. A request whose reply is awaited can
// be given up, or no more, from then on.
func (r *Req) SetRelaxed(on bool) { r.setFlag(&r.request.Relaxed, on) }

// SetVerbose turns WithVerbose on or off. Either way WithVerboser is off then, as
// in libzmq.
func (p *XPub) SetVerbose(on bool) {
	p.alter(func() { p.cfg.verbose, p.cfg.verboser = on, false })
}

// SetVerboser turns WithVerboser on or off, and with it WithVerbose.
func (p *XPub) SetVerboser(on bool) {
	p.alter(func() { p.cfg.verbose, p.cfg.verboser = on, on })
}

func (s *socket) setFlag(flag *bool, on bool) { s.alter(func() { *flag = on }) }

// alter changes what the send lock guards, and lets those look again that wait
// to send.
func (s *socket) alter(what func()) {
	s.send.Lock()
	defer s.send.Unlock()
	what()
	s.send.waiters.wakeAll()
}
