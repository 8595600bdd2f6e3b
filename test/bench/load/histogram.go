package main

import (
	"math"
	"time"
)

// Neighbouring bounds of the histogram are 1 % apart, from 1 µs on.
const growth = 1.01

var (
	logGrowth = math.Log(growth)
	quantiles = []float64{
		0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99999, 1,
	}
)

// histogram counts times in buckets that grow with them. One goroutine's own.
type histogram struct {
	counts [2048]int64 // up to 1 µs × 1.01^2047: twelve minutes
	total  int64
}

func (h *histogram) record(took time.Duration) {
	micros := float64(took) / 1e3
	bucket := 0
	if micros > 1 {
		bucket = int(math.Log(micros) / logGrowth)
	}
	if bucket >= len(h.counts) {
		bucket = len(h.counts) - 1
	}
	h.counts[bucket]++
	h.total++
}

func (h *histogram) add(other *histogram) {
	for bucket, count := range other.counts {
		h.counts[bucket] += count
	}
	h.total += other.total
}

// quantiles are pairs of a share and the time in ms that this share of the calls was not slower than, as far as so few
// calls can say.
func (h *histogram) quantiles() [][2]float64 {
	pairs := [][2]float64{}
	seen, bucket := int64(0), -1
	for _, share := range quantiles {
		if share > 0.5 && share < 1 && float64(h.total)*(1-share) < 1 {
			continue
		}
		wanted := int64(math.Ceil(share * float64(h.total)))
		for bucket+1 < len(h.counts) && seen < wanted {
			bucket++
			seen += h.counts[bucket]
		}
		pairs = append(pairs, [2]float64{share, math.Pow(growth, float64(bucket)+0.5) / 1e3})
	}
	return pairs
}
