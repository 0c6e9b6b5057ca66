"""PyTorch, asked by the benchmark of training: one JSON object per line in, one per line out.

    learner.py MODEL THREADS        make updates on request
"""
import base64
import copy
import json
import os
import sys
import time

os.environ.setdefault('HF_HUB_OFFLINE', '1')
# what the libraries print is not part of the conversation
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import diffusers
import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel


def answer(value):
    print(json.dumps(value), file=answers, flush=True)


def floats(text, shape):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=np.float32).reshape(shape).copy())


def serve(path, threads):
    torch.set_num_threads(int(threads))

    def fresh():
        return UNet2DModel.from_pretrained(path, low_cpu_mem_usage=False).train()

    networks = {'eager': fresh(), 'channels-last': fresh().to(memory_format=torch.channels_last), 'compiled': fresh()}
    answer({'about': f'diffusers {diffusers.__version__}, torch {torch.__version__}'})
    start = copy.deepcopy(networks['eager'].state_dict())
    calls = {name: torch.compile(one, dynamic=False) if name == 'compiled' else one for name, one in networks.items()}

    for line in sys.stdin:
        request = json.loads(line)
        name = request['rival']
        try:
            networks[name].load_state_dict(start)
            answer(learn(networks[name], calls[name], name == 'channels-last', request))
        except Exception as error:
            answer({'error': f'{type(error).__name__}: {error}'.splitlines()[0]})


def learn(model, call, channels_last, request):
    side, labels = model.config.sample_size, torch.tensor(request['labels'])
    shape = (len(labels), model.config.in_channels, side, side)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x0, noise = (floats(request[name], shape).contiguous(memory_format=layout) for name in ('images', 'noise'))
    t = torch.tensor(request['t'])
    schedule = DDPMScheduler(beta_schedule='linear', beta_start=1e-4, beta_end=0.02)
    average = [p.detach().clone() for p in model.parameters()]
    # the fastest that torch has
    optimiser = torch.optim.AdamW(model.parameters(), 1e-4, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    took, losses = [], []
    for step in range(request['updates'] + 1):
        begun = time.perf_counter()
        if step > 0:
            noise = torch.randn_like(x0)
            t = torch.randint(0, 1000, (len(labels),))
        output = call(schedule.add_noise(x0, noise, t), t, class_labels=labels).sample
        loss = (output - noise).pow(2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(model.parameters()), 1 - min(0.999, (step + 2) / (step + 11)))
        losses.append(loss.item())
        if step > 0:
            took.append((time.perf_counter() - begun) * 1000)
    return {'ms': took, 'losses': losses}


if __name__ == '__main__':
    serve(*sys.argv[1:])
