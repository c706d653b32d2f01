/* Tries to reach a network in every way that C code has, and prints one line for each: its name and the errno, 0 when
 * it worked. With a port, also connects to it on this machine. Compiled by test_native_code.py. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int try_socket(int family, int type) {
  int descriptor = socket(family, type, 0);
  if (descriptor < 0) return errno;
  close(descriptor);
  return 0;
}

static int try_pair(int family) {
  int pair[2];
  if (socketpair(family, SOCK_STREAM, 0, pair)) return errno;
  close(pair[0]);
  close(pair[1]);
  return 0;
}

static int try_connect(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (descriptor < 0) return errno;
  int result = connect(descriptor, (struct sockaddr *)&to, sizeof to) ? errno : 0;
  close(descriptor);
  return result;
}

static int result_of(long returned) {
  if (returned == -1) return errno;
  close(returned);
  return 0;
}

#if defined(__x86_64__)
static sigjmp_buf crashed;
static void crash(int signal) { siglongjmp(crashed, signal); }

/* A 32-bit system call; kernels without them let the process crash, which counts as ENOSYS. */
static int int80(long number, long first, long second, long third) {
  long returned;
  signal(SIGSEGV, crash);
  if (sigsetjmp(crashed, 1)) return ENOSYS;
  __asm__ volatile("int $0x80"
                   : "=a"(returned)
                   : "a"(number), "b"(first), "c"(second), "d"(third)
                   : "r8", "r9", "r10", "r11", "memory");
  if (returned < 0) return -returned;
  close(returned);
  return 0;
}
#endif

int main(int count, char **arguments) {
  char parameters[256] = {0};
  for (int family = 0; family < 64; family++) {
    printf("stream-%d %d\n", family, try_socket(family, SOCK_STREAM));
    printf("datagram-%d %d\n", family, try_socket(family, SOCK_DGRAM));
    printf("raw-%d %d\n", family, try_socket(family, SOCK_RAW));
    printf("pair-%d %d\n", family, try_pair(family));
  }
  printf("wide-unix %d\n", result_of(syscall(SYS_socket, AF_UNIX | 1L << 40, SOCK_STREAM, 0)));
  printf("wide-inet %d\n", result_of(syscall(SYS_socket, AF_INET | 1L << 40, SOCK_STREAM, 0)));
  printf("io_uring_setup %d\n", result_of(syscall(425, 8, parameters)));
  printf("pidfd_getfd %d\n", result_of(syscall(438, -1, 0, 0)));
#if defined(__x86_64__)
  printf("x32-socket %d\n", result_of(syscall(0x40000000 | 41, AF_INET, SOCK_STREAM, 0)));
  printf("32bit-socket %d\n", int80(359, AF_INET, SOCK_STREAM, 0));
  printf("32bit-unix %d\n", int80(359, AF_UNIX, SOCK_STREAM, 0));
  int *words = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  words[0] = AF_INET, words[1] = SOCK_STREAM, words[2] = 0;
  printf("32bit-socketcall %d\n", int80(102, 1, (long)words, 0));
#endif
  if (count > 1) printf("connect %d\n", try_connect(atoi(arguments[1])));
  return 0;
}
