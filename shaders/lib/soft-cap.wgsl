// Soft caps of attention scores in log2 units: SOFT_CAP · tanh(score / SOFT_CAP), or the scores as they are where it is 0.

override SOFT_CAP: f32 = 0.0;

fn capped(scores: vec4<f32>) -> vec4<f32> {
  if (SOFT_CAP == 0.0) {
    return scores;
  }
  // tanh saturates long before 20; larger arguments overflow on some GPUs.
  return SOFT_CAP * tanh(clamp(scores / SOFT_CAP, vec4(-20.0), vec4(20.0)));
}
