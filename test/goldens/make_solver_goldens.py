"""Writes chains of the peers' other solvers, one file each, as make_goldens.py writes steps/.

    pip install torch diffusers safetensors      (diffusers 0.42.1, torch 2.15.0 made the files here)
    python make_solver_goldens.py --out . [--seed 0]

solvers/<case>.safetensors  metadata "case" (JSON) says which; x [calls+1,B,C,H,W] (x[0] is the start, x[k+1] follows call k), z [calls,...]
                            (noise used, zero where none). The closed-form model is out = a*x + b*t/1000 + c*sin(i), i over the flattened C,H,W;
                            where variance is learned, its channels are cos(i).
"""
import argparse, json, os
import torch
from safetensors.torch import save_file
from diffusers import (DDPMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, KDPM2DiscreteScheduler,
                       LCMScheduler, PNDMScheduler, UniPCMultistepScheduler)
import diffusers.schedulers.scheduling_ddpm, diffusers.schedulers.scheduling_dpmsolver_multistep
import diffusers.schedulers.scheduling_euler_ancestral_discrete, diffusers.schedulers.scheduling_lcm

ap = argparse.ArgumentParser(); ap.add_argument('--out', default='.'); ap.add_argument('--seed', type=int, default=0); A = ap.parse_args()
os.makedirs(os.path.join(A.out, 'solvers'), exist_ok=True)
SHAPE = (2, 3, 4, 4); I = torch.arange(48, dtype=torch.float32); SIN = torch.sin(I).reshape(1, 3, 4, 4); COS = torch.cos(I).reshape(1, 3, 4, 4)

def chain(name, Sch, cfg, S, coef=(.5, .2, .3)):
    g = torch.Generator().manual_seed(A.seed); drawn = []
    def rec(shape, **_):
        z = torch.randn(shape, generator=g); drawn.append(z); return z
    s = diffusers.schedulers
    for m in (s.scheduling_ddpm, s.scheduling_dpmsolver_multistep, s.scheduling_euler_ancestral_discrete, s.scheduling_lcm): m.randn_tensor = rec
    sch = Sch(**cfg); sch.set_timesteps(S); x = torch.randn(SHAPE, generator=g) * sch.init_noise_sigma; xs, zs = [x], []
    for t in sch.timesteps:
        drawn.clear(); inp = sch.scale_model_input(x, t); out = coef[0] * inp + coef[1] * (float(t) / 1000) + coef[2] * SIN
        if cfg.get('variance_type', '').startswith('learned'): out = torch.cat([out, COS.expand(SHAPE)], 1)
        x = sch.step(out, t, x).prev_sample; xs.append(x); zs.append(drawn[0] if drawn else torch.zeros_like(x))
    case = dict(name=name, scheduler=Sch.__name__, config=cfg, steps=S, timesteps=[float(t) for t in sch.timesteps], step={}, seed=A.seed,
                model=dict(a=coef[0], b=coef[1], c=coef[2]))
    save_file(dict(x=torch.stack(xs), z=torch.stack(zs)), os.path.join(A.out, 'solvers', name + '.safetensors'), metadata=dict(case=json.dumps(case)))
    print(name, float(xs[-1].abs().sum()))

L = dict(beta_schedule='linear', beta_start=1e-4, beta_end=.02); T = {**L, 'timestep_spacing': 'trailing'}
D = {**T, 'algorithm_type': 'dpmsolver++'}
for S in (10, 20):
    chain(f'dpmpp-2m-{S}', DPMSolverMultistepScheduler, {**D, 'solver_order': 2}, S)
    chain(f'dpmpp-3m-{S}', DPMSolverMultistepScheduler, {**D, 'solver_order': 3}, S)
    for o in (1, 2, 3): chain(f'unipc-{o}-{S}', UniPCMultistepScheduler, {**T, 'solver_order': o}, S)
chain('dpmpp-2m-sde-20', DPMSolverMultistepScheduler, {**T, 'algorithm_type': 'sde-dpmsolver++', 'solver_order': 2}, 20)
chain('dpm2-20', KDPM2DiscreteScheduler, T, 20)
chain('euler-ancestral-20', EulerAncestralDiscreteScheduler, T, 20)
chain('plms-trailing-20', PNDMScheduler, {**T, 'skip_prk_steps': True, 'set_alpha_to_one': True}, 20)
chain('plms-2', PNDMScheduler, {**L, 'skip_prk_steps': True}, 2)
chain('lcm-4', LCMScheduler, dict(beta_schedule='scaled_linear', beta_start=.00085, beta_end=.012), 4)
chain('ddpm-learned_range-10', DDPMScheduler, {**L, 'clip_sample': False, 'variance_type': 'learned_range'}, 10)
