/*
 * Telling the address sanitizer what memory may be used now; nothing in other
 * builds.
 */
#ifndef BASE_POISON_H
#define BASE_POISON_H

/* 1 in a build with the address sanitizer. */
#if defined(__SANITIZE_ADDRESS__)
#define POISON_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ASAN 1
#endif
#endif
#ifndef POISON_ASAN
#define POISON_ASAN 0
#endif

#if POISON_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(ptr, len)   ((void)(ptr), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, len) ((void)(ptr), (void)(len))
#endif

#endif
