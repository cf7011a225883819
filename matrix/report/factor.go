package report

import (
	"fmt"
	"math"
)

// factor says a ratio: "4.2×", near 1 with the digits that tell it.
func factor(ratio float64) string {
	if math.Abs(ratio-1) < 0.1 {
		return fmt.Sprintf("%.4g×", ratio)
	}
	return fmt.Sprintf("%.3g×", ratio)
}

// interval says that of a ratio: "4.1…4.3".
func interval(ratio, low, high float64) string {
	if low == 0 {
		return "no finite interval"
	}
	// As many digits as tell the ends apart from each other and from the factor.
	scale, text := int(math.Floor(math.Log10(high))), func(v float64, decimals int) string { return fmt.Sprintf("%.*f", decimals, v) }
	decimals := max(0, 1-scale)
	for ; decimals < max(0, 4-scale); decimals++ {
		low, high, at := text(low, decimals), text(high, decimals), text(ratio, decimals)
		if low != high && low != at && high != at {
			break
		}
	}
	return text(low, decimals) + "…" + text(high, decimals)
}

// percent says a part with one decimal: "1.2 %".
func percent(part float64) string { return fmt.Sprintf("%.1f %%", 100*part) }
