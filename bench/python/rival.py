"""diffusers, asked by the benchmark: one JSON object per line in, one per line out.

    rival.py check                          is everything here that is needed?
    rival.py export MODEL FILE ROWS THREADS the UNet as ONNX, by torch's own exporter, for a batch of so many rows
    rival.py serve MODEL THREADS            sample on request
"""
import base64
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
from diffusers import DDIMScheduler, UNet2DModel


# a GPU only where the benchmark asks for one
device = os.environ.get('RXDIFFUSION_BENCH_DEVICE', 'cpu')


def answer(value):
    print(json.dumps(value), file=answers, flush=True)


def load(path, threads):
    torch.set_num_threads(int(threads))
    return UNet2DModel.from_pretrained(path, low_cpu_mem_usage=False).eval()


def export(path, file, rows, threads):
    import onnx
    import onnxscript

    model = load(path, threads)
    side = model.config.sample_size

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x, t, labels):
            return self.model(x, t, class_labels=labels).sample

    rows = int(rows)
    example = (
        torch.zeros(rows, model.config.in_channels, side, side),
        torch.full((rows,), 500.0),
        torch.zeros(rows, dtype=torch.int64),
    )
    with torch.no_grad():
        torch.onnx.export(
            Network().eval(), example, file, dynamo=True, external_data=False, verbose=False,
            input_names=['x', 't', 'labels'], output_names=['output'],
        )
    answer({'exporter': f'torch {torch.__version__}, onnxscript {onnxscript.__version__}, onnx {onnx.__version__}'})


def serve(path, threads):
    model = load(path, threads).to(device)
    networks = {'eager': model, 'compiled': torch.compile(model, dynamic=False)}
    answer({'about': f'diffusers {diffusers.__version__}, torch {torch.__version__}'})

    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(sample(networks[request['rival']], model.config, request))
        except Exception as error:
            answer({'error': f'{type(error).__name__}: {error}'.splitlines()[0]})


def sample(network, config, request):
    shape = (request['rows'], config.in_channels, config.sample_size, config.sample_size)
    start = np.frombuffer(base64.b64decode(request['start']), dtype=np.float32).reshape(shape).copy()
    labels = torch.tensor(request['labels'], device=device) if config.num_class_embeds else None
    scheduler = DDIMScheduler(
        beta_schedule='linear', beta_start=1e-4, beta_end=0.02, clip_sample=True, timestep_spacing='trailing'
    )

    def chain():
        x = torch.from_numpy(start).to(device)
        scheduler.set_timesteps(request['steps'])
        for t in scheduler.timesteps:
            eps = network(x, t, class_labels=labels).sample
            x = scheduler.step(eps, t, x, use_clipped_model_output=True).prev_sample
        # the clock stops when the images are here
        return x.cpu()

    took = []
    with torch.inference_mode():
        for _ in range(request['repeats']):
            begun = time.perf_counter()
            x = chain()
            took.append((time.perf_counter() - begun) * 1000)
    end = np.ascontiguousarray(x.numpy(), dtype=np.float32)
    return {'ms': took, 'end': base64.b64encode(end.tobytes()).decode()}


if __name__ == '__main__':
    command, *rest = sys.argv[1:]
    if command == 'check':
        import onnxscript

        answer({'about': f'diffusers {diffusers.__version__}, torch {torch.__version__}'})
    else:
        {'export': export, 'serve': serve}[command](*rest)
