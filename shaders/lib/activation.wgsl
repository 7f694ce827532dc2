// The activations of gated feed-forward layers: 0 = silu, 1 = gelu (tanh approximation), 2 = gelu (exact).

override ACTIVATION: u32 = 0u;

// The error function within 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).
fn erfOf(x: f32) -> f32 {
  let a = abs(x);
  let t = 1.0 / fma(0.3275911, a, 1.0);
  let p = fma(fma(fma(fma(1.061405429, t, -1.453152027), t, 1.421413741), t, -0.284496736), t, 0.254829592) * t;
  return sign(x) * fma(-p, exp(-a * a), 1.0);
}

fn activate(x: f32) -> f32 {
  if (ACTIVATION == 0u) {
    // Bounded, since overflow to infinity is not promised.
    return x / (1.0 + exp(min(-x, 80.0)));
  }
  if (ACTIVATION == 1u) {
    // tanh saturates long before 20; larger arguments overflow on some GPUs.
    let inner = 0.7978845608028654 * x * fma(0.044715 * x, x, 1.0);
    return 0.5 * x * (1.0 + tanh(clamp(inner, -20.0, 20.0)));
  }
  return 0.5 * x * (1.0 + erfOf(x * 0.7071067811865476));
}
