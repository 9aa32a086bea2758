package main

import "math"

// A Verdict is the outcome of a gate on one series.
type Verdict string

const (
	Pass         Verdict = "PASS"         // a slow-down of as much as Plan.Tolerated is refuted
	Fail         Verdict = "FAIL"         // a slow-down above Plan.Margin is proven, and again on fresh processes
	Inconclusive Verdict = "INCONCLUSIVE" // neither; said aloud, because a silent green would be a claim
	Invalid      Verdict = "INVALID RUN"  // the run told two copies of one program apart: it cannot be believed
	Identical    Verdict = "IDENTICAL"    // base and head are the same bytes; nothing was measured
	Accepted     Verdict = "ACCEPTED"     // FAIL, and the commit says that this is wanted
	Uncounted    Verdict = "NOT COUNTED"  // what it takes to count is not here; said aloud
)

// more is not a verdict yet: the plan has another look.
const more Verdict = ""

// A Plan says when to stop measuring and what to conclude. A value is that of one block, a pair of fresh processes: the mean
// over its rounds of ln(head ÷ base), CPU time per request.
//
// It looks several times, because most series are clear after a quarter of the blocks. Several looks at one promise are several
// chances to break it, so each look may only use up a part (Bonferroni over the looks).
type Plan struct {
	Looks     []int   // blocks at which to look
	Margin    float64 // a slow-down up to this is no regression: 0.02 is 2 %, what two builds of one source may differ by
	FailAlpha float64 // at each look: the chance to suspect what lies within the margin
	Tolerated float64 // PASS refutes a slow-down of this
	PassAlpha float64 // at each look: the chance to pass what lies above Tolerated

	Confirm      int     // fresh blocks that have to confirm a suspicion
	ConfirmAlpha float64 // the chance that they confirm what lies within the margin
	Control      int     // blocks of the base against itself
}

// standard is the plan of the gate. With it a series whose truth lies within the margin fails with at most
// 3 × 0.002 × 0.05 = 0.0003, so even thirty series raise a false alarm in less than one run of a hundred.
var standard = Plan{
	Looks: []int{12, 24, 48}, Margin: 0.02, FailAlpha: 0.002, Tolerated: 0.05, PassAlpha: 0.05,
	Confirm: 24, ConfirmAlpha: 0.05, Control: 12,
}

// look judges after so many blocks. Fail is a suspicion, which has to be confirmed.
func (p Plan) look(values []float64) Verdict {
	switch {
	case pAbove(values, math.Log1p(p.Margin)) < p.FailAlpha:
		return Fail
	case pBelow(values, math.Log1p(p.Tolerated)) < p.PassAlpha:
		return Pass
	case len(values) >= p.Looks[len(p.Looks)-1]:
		return Inconclusive
	}
	return more
}

// confirms judges the fresh blocks after a suspicion.
func (p Plan) confirms(values []float64) bool {
	return pAbove(values, math.Log1p(p.Margin)) < p.ConfirmAlpha
}

// improved is the mirror of a confirmed failure: reported, and never a reason for anything.
func (p Plan) improved(values []float64) bool {
	return pBelow(values, -math.Log1p(p.Margin)) < p.FailAlpha
}

// contaminated judges the control, base against itself: an interval that lies wholly beyond 1 ± the margin says that the
// run makes differences of its own.
func (p Plan) contaminated(control []float64) bool {
	s := hodgesLehmann(control, 0.95)
	return s.Low > math.Log1p(p.Margin) || s.High < -math.Log1p(p.Margin)
}

// A source measures more blocks and returns their values.
type source func(blocks int) ([]float64, error)

// An Outcome is a verdict and what it rests on.
type Outcome struct {
	Verdict   Verdict
	Values    []float64 // of the blocks up to the last look
	Confirmed []float64 // of the fresh blocks, after a suspicion
	Improved  bool
}

// decide measures until the plan has an answer. fresh is asked once, after a suspicion.
func (p Plan) decide(blocks, fresh source) (o Outcome, err error) {
	for _, look := range p.Looks {
		next, err := blocks(look - len(o.Values))
		if err != nil {
			return o, err
		}
		o.Values = append(o.Values, next...)
		if o.Verdict = p.look(o.Values); o.Verdict != more {
			break
		}
	}
	o.Improved = p.improved(o.Values)
	if o.Verdict != Fail {
		return o, nil
	}
	if o.Confirmed, err = fresh(p.Confirm); err != nil {
		return o, err
	}
	if !p.confirms(o.Confirmed) {
		o.Verdict = Inconclusive
	}
	return o, nil
}

// detectable is the smallest slow-down that would have failed with values scattered like these, the truth being that
// far above: what an honest PASS has to say beside its estimate.
func (p Plan) detectable(values []float64) float64 {
	s := hodgesLehmann(values, 1-2*p.FailAlpha)
	if s.Confidence == 0 {
		return math.Inf(1)
	}
	return math.Expm1(math.Log1p(p.Margin) + s.Estimate - s.Low)
}
