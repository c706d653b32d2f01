"""llama.cpp: model, KV cache, prompt cache, sampling."""
