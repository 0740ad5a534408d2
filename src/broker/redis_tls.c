/*
 * TLS by OpenSSL under hiredis. We make the SSL object ourselves and drive its
 * handshake: hiredis checks no host names, and keeps to itself why a handshake
 * failed. What is read and written afterwards goes through hiredis.
 *
 * Source: the manuals of OpenSSL 3, SSL_set1_host(3) and
 * X509_VERIFY_PARAM_set1_ip_asc(3); names as in RFC 6125, SNI as in RFC 6066.
 */
#ifdef HAVE_HIREDIS_SSL
#include "broker/redis_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include "base/xalloc.h"

struct redis_tls {
	SSL_CTX *context;
};

/* A struct redis_tls_session is OpenSSL's SSL under another name. */
static SSL *ssl_of(const struct redis_tls_session *session)
{
	return (SSL *)(uintptr_t)session;
}

/* The newest error of OpenSSL's, and none is left behind: the next call would
 * take an old one for its own. */
static const char *last_reason(const char *otherwise)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : otherwise;
}

/* --- Settings -------------------------------------------------------------- */

static bool is_given(const char *file)
{
	return file && *file;
}

static int bad_file(struct err *err, const char *field, const char *file)
{
	return err_field(err, ERR_BAD_ARGS, field, "%s: %.200s: %s", field,
			 file, last_reason("it cannot be used"));
}

/* The server asks for a certificate, and there is none to show. Whether that is
 * taken comes out only after the handshake. */
static int on_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	(void)certificate;
	(void)key;
	SSL_set_app_data(ssl, ssl);
	return 0;
}

static int load_own(SSL_CTX *context, const struct redis_tls_files *files,
		    struct err *err)
{
	if (!is_given(files->cert_file) && !is_given(files->key_file)) {
		SSL_CTX_set_client_cert_cb(context, on_asked);
		return 0;
	}
	if (!is_given(files->cert_file) || !is_given(files->key_file))
		return err_field(err, ERR_BAD_ARGS, "redis.cert_file",
				 "redis.cert_file and redis.key_file are given "
				 "together or not at all");
	if (SSL_CTX_use_certificate_chain_file(context, files->cert_file) != 1)
		return bad_file(err, "redis.cert_file", files->cert_file);
	if (SSL_CTX_use_PrivateKey_file(context, files->key_file,
					SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return bad_file(err, "redis.key_file", files->key_file);
	return 0;
}

static int load_files(SSL_CTX *context, const struct redis_tls_files *files,
		      struct err *err)
{
	if (!is_given(files->ca_file)) {
		(void)SSL_CTX_set_default_verify_paths(context);
		ERR_clear_error();
	} else if (SSL_CTX_load_verify_locations(context, files->ca_file,
						 NULL) != 1) {
		return bad_file(err, "redis.ca_file", files->ca_file);
	}
	return load_own(context, files, err);
}

int redis_tls_check(struct err *err)
{
	(void)err;
	return 0;
}

struct redis_tls *redis_tls_new(const struct redis_tls_files *files,
				struct err *err)
{
	struct redis_tls *tls = xcalloc(1, sizeof(*tls));

	ERR_clear_error();
	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context) {
		err_set(err, ERR_INTERNAL, "TLS: %s",
			last_reason("out of memory"));
		redis_tls_free(tls);
		return NULL;
	}
	(void)SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls->context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (load_files(tls->context, files, err)) {
		redis_tls_free(tls);
		return NULL;
	}
	return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* --- One connection -------------------------------------------------------- */

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

static int expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host);
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* Says why a handshake failed. */
static int say(const SSL *ssl, struct err *err, const char *otherwise)
{
	long verdict = SSL_get_verify_result(ssl);
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	const char *advice = "";

	if (verdict == X509_V_OK) {
		bool silent = !ERR_peek_last_error() && SSL_want_read(ssl);

		if (silent)
			otherwise = "no answer within its time";
		return err_set(err, ERR_INTERNAL, "TLS: %s%s",
			       last_reason(otherwise),
			       silent || reason == SSL_R_WRONG_VERSION_NUMBER
				       ? "; does this port speak TLS?"
				       : "");
	}
	ERR_clear_error();
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
	    verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		advice = "; it is for another host than redis.url names";
	else if (verdict != X509_V_ERR_CERT_HAS_EXPIRED &&
		 verdict != X509_V_ERR_CERT_NOT_YET_VALID)
		advice = "; redis.ca_file names the authority to trust";
	return err_set(err, ERR_REFUSED,
		       "TLS: the server's certificate is refused: %s%s",
		       X509_verify_cert_error_string(verdict), advice);
}

struct redis_tls_session *redis_tls_start(struct redis_tls *tls,
					  redisContext *context,
					  const char *host, struct err *err)
{
	SSL *ssl = SSL_new(tls->context);

	if (!ssl || expect_host(ssl, host) != 1) {
		err_set(err, ERR_INTERNAL, "TLS: %s",
			last_reason("the host's name cannot be checked"));
		SSL_free(ssl);
		return NULL;
	}
	if (redisInitiateSSL(context, ssl) != REDIS_OK) {
		say(ssl, err, context->errstr);
		SSL_free(ssl);
		return NULL;
	}
	return (struct redis_tls_session *)ssl;
}

int redis_tls_shake(struct redis_tls_session *session, struct err *err,
		    bool *wants_write)
{
	SSL *ssl = ssl_of(session);
	int done, kind;

	*wants_write = false;
	ERR_clear_error();
	errno = 0;
	done = SSL_do_handshake(ssl);
	if (done == 1)
		return 1;
	kind = SSL_get_error(ssl, done);
	*wants_write = kind == SSL_ERROR_WANT_WRITE;
	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return 0;
	return say(ssl, err,
		   errno ? strerror(errno)
			 : "the server closed the connection");
}

const char *redis_tls_why(const struct redis_tls_session *session,
			  const char *otherwise, struct err *err)
{
	bool asked = session && SSL_get_app_data(ssl_of(session));

	err_set(err, ERR_INTERNAL, "%s%s",
		session ? last_reason(otherwise) : otherwise,
		asked ? "; the server asked for a certificate of ours, which "
			"redis.cert_file would name"
		      : "");
	return err->message;
}
#endif
