package results

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A Scaling is the universal scalability law of Gunther: how the throughput of a server grows with the connections that ask it at once,
//
//	X(N) = PerSecond · N / (1 + Contention·(N − 1) + Coherency·N·(N − 1))
//
// PerSecond is what one connection alone would do. Contention is the share of a request's time that has to wait for the others in a queue:
// by it X tends to PerSecond ÷ Contention and no further, as Amdahl has it. Coherency is what each connection costs each other one: by it X
// falls again beyond its peak.
//
// Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007, chapter 4.
type Scaling struct{ PerSecond, Contention, Coherency float64 }

// At is the throughput with n connections.
func (s Scaling) At(n float64) float64 {
	return s.PerSecond * n / (1 + s.Contention*(n-1) + s.Coherency*n*(n-1))
}

// Peak is the number of connections with the highest throughput, infinite if the throughput never falls.
func (s Scaling) Peak() float64 {
	switch {
	case s.Contention > 1:
		return 1
	case s.Coherency == 0:
		return math.Inf(1)
	}
	return max(1, math.Sqrt((1-s.Contention)/s.Coherency))
}

// WorstMisfit is by what share the law is wrong where it is most wrong. What the law says is worth no more than this is small.
func (s Scaling) WorstMisfit(conns, perSecond []float64) (worst float64) {
	for i, n := range conns {
		worst = max(worst, math.Abs(s.At(n)/perSecond[i]-1))
	}
	return worst
}

// FitScaling finds the law with the least sum of squared relative errors, among those with no negative coefficient.
//
// Turned over, the law is linear: N/X = a + b·(N − 1) + c·N·(N − 1) with a = 1/PerSecond, b = Contention·a, c = Coherency·a. So the best law is
// found exactly, by linear least squares on each set of coefficients that may be other than zero, and no search can end in a wrong valley.
// Each line is divided by its N/X: an error of 5 % weighs the same at one connection and at a thousand.
func FitScaling(conns, perSecond []float64) (Scaling, error) {
	if len(conns) != len(perSecond) || len(conns) < 4 {
		return Scaling{}, errors.New("the law has three coefficients: four numbers of connections are the fewest that can contradict it")
	}
	best, least := Scaling{}, math.Inf(1)
	for _, terms := range [][]int{{0, 1, 2}, {0, 1}, {0, 2}, {0}} {
		s, residual, ok := fitTerms(terms, conns, perSecond)
		if ok && residual < least {
			best, least = s, residual
		}
	}
	if math.IsInf(least, 1) {
		return Scaling{}, errors.New("no law fits: a throughput is zero, or two of the numbers of connections are the same")
	}
	return best, nil
}

// fitTerms fits those coefficients alone; ok is false if one comes out negative.
func fitTerms(terms []int, conns, perSecond []float64) (s Scaling, residual float64, ok bool) {
	lines := mat.NewDense(len(conns), len(terms), nil)
	ones := mat.NewVecDense(len(conns), nil)
	for i, n := range conns {
		term := []float64{1, n - 1, n * (n - 1)}
		for j, k := range terms {
			lines.Set(i, j, term[k]*perSecond[i]/n)
		}
		ones.SetVec(i, 1)
	}
	var found mat.VecDense
	if err := found.SolveVec(lines, ones); err != nil {
		return s, 0, false
	}
	var abc [3]float64
	for j, k := range terms {
		abc[k] = found.AtVec(j)
		if !(abc[k] >= 0) {
			return s, 0, false
		}
	}
	if abc[0] == 0 {
		return s, 0, false
	}
	var misfit mat.VecDense
	misfit.MulVec(lines, &found)
	misfit.SubVec(&misfit, ones)
	return Scaling{PerSecond: 1 / abc[0], Contention: abc[1] / abc[0], Coherency: abc[2] / abc[0]}, mat.Norm(&misfit, 2), true
}

// A ScalingEstimate is the law over blocks: each block is fitted by itself, and a coefficient is judged as any other figure, by the median
// of the blocks and the interval between two of them.
type ScalingEstimate struct {
	PerSecond, Contention, Coherency, Misfit Estimate
}

// EstimateScaling fits each block of throughputs, perSecond[block][i] at conns[i].
func EstimateScaling(conns []float64, perSecond [][]float64) (e ScalingEstimate, err error) {
	var lambda, sigma, kappa, misfit []float64
	for _, block := range perSecond {
		s, err := FitScaling(conns, block)
		if err != nil {
			return e, err
		}
		lambda, sigma, kappa = append(lambda, s.PerSecond), append(sigma, s.Contention), append(kappa, s.Coherency)
		misfit = append(misfit, s.WorstMisfit(conns, block))
	}
	return ScalingEstimate{EstimateMedian(lambda), EstimateMedian(sigma), EstimateMedian(kappa), EstimateMedian(misfit)}, nil
}
