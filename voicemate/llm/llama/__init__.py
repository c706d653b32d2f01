"""The language model on llama.cpp: context, KV cache, prompt cache, sampling."""
