"""The schedules of the public runs of Luo et al. 2025, by the names of their files."""

from isoflop.formula.schedule import constant, cosine, stages, warmup_stable_decay

PEAK, FINAL, WARMUP = 3e-4, 3e-5, 2160
SCHEDULES = {
    "cosine_24000": cosine(24_000, peak=PEAK, final=FINAL, warmup=WARMUP),
    "constant_24000": constant(24_000, peak=PEAK, warmup=WARMUP),
    "wsdcon_9": stages([8000, 8000], [PEAK, 9e-5], warmup=WARMUP),
    "constant_72000": constant(72_000, peak=PEAK, warmup=WARMUP),
    "cosine_72000": cosine(72_000, peak=PEAK, final=FINAL, warmup=WARMUP),
    "wsd_20000_24000": warmup_stable_decay(
        24_000, peak=PEAK, decay=4000, final=FINAL, warmup=WARMUP, shape="exponential"
    ),
    "wsdld_20000_24000": warmup_stable_decay(24_000, peak=PEAK, decay=4000, final=FINAL, warmup=WARMUP),
    "wsdcon_3": stages([8000, 8000], [PEAK, 3e-5], warmup=WARMUP),
    "wsdcon_18": stages([8000, 8000], [PEAK, 1.8e-4], warmup=WARMUP),
}
"""The multi-power law is fitted to the first three, and forecasts the six others."""
FITTED, OTHERS = tuple(SCHEDULES)[:3], tuple(SCHEDULES)[3:]
