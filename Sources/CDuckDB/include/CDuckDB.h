// The part of DuckDB's C interface (1.2 and later) that Millrace uses, resolved at run time: programs are built and
// started without the library, and say what is missing where it is needed. Names are DuckDB's own, so that its
// documentation applies.
#ifndef MILLRACE_CDUCKDB_H
#define MILLRACE_CDUCKDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t idx_t;
typedef int32_t duckdb_state;  // 0: success, else: error

typedef struct cduckdb_database *duckdb_database;
typedef struct cduckdb_connection *duckdb_connection;
typedef struct cduckdb_config *duckdb_config;
typedef struct cduckdb_prepared_statement *duckdb_prepared_statement;
typedef struct cduckdb_logical_type *duckdb_logical_type;
typedef struct cduckdb_data_chunk *duckdb_data_chunk;
typedef struct cduckdb_vector *duckdb_vector;
typedef struct cduckdb_appender *duckdb_appender;

typedef struct {
    idx_t deprecated_column_count;
    idx_t deprecated_row_count;
    idx_t deprecated_rows_changed;
    void *deprecated_columns;
    char *deprecated_error_message;
    void *internal_data;
} duckdb_result;

typedef struct {
    uint64_t lower;
    int64_t upper;
} duckdb_hugeint;

typedef struct {
    uint64_t offset;
    uint64_t length;
} duckdb_list_entry;

typedef struct {
    int32_t months;
    int32_t days;
    int64_t micros;
} duckdb_interval;

typedef struct {
    int64_t micros;
} duckdb_timestamp;

// Opens the library at `path` (a name without a slash is looked up on the system's library path) and resolves every
// function. Returns 0 on success; else 1 where the library cannot be opened, 2 where it lacks a function, with the
// reason in `message`. Not thread-safe; the first success stays for the life of the process.
int cduckdb_load(const char *path, char *message, size_t message_size);

#define CDUCKDB_FUNCTIONS(F) \
    F(const char *, library_version, (void), ()) \
    F(void *, malloc, (size_t size), (size)) \
    F(void, free, (void *pointer), (pointer)) \
    F(idx_t, vector_size, (void), ()) \
    /* Databases and connections */ \
    F(duckdb_state, create_config, (duckdb_config *config), (config)) \
    F(duckdb_state, set_config, (duckdb_config config, const char *name, const char *option), (config, name, option)) \
    F(void, destroy_config, (duckdb_config *config), (config)) \
    F(duckdb_state, open_ext, (const char *path, duckdb_database *database, duckdb_config config, char **error), \
      (path, database, config, error)) \
    F(void, close, (duckdb_database *database), (database)) \
    F(duckdb_state, connect, (duckdb_database database, duckdb_connection *connection), (database, connection)) \
    F(void, disconnect, (duckdb_connection *connection), (connection)) \
    F(void, interrupt, (duckdb_connection connection), (connection)) \
    /* Statements and results */ \
    F(duckdb_state, query, (duckdb_connection connection, const char *sql, duckdb_result *result), \
      (connection, sql, result)) \
    F(duckdb_state, prepare, (duckdb_connection connection, const char *sql, duckdb_prepared_statement *statement), \
      (connection, sql, statement)) \
    F(void, destroy_prepare, (duckdb_prepared_statement *statement), (statement)) \
    F(const char *, prepare_error, (duckdb_prepared_statement statement), (statement)) \
    F(int32_t, prepared_statement_type, (duckdb_prepared_statement statement), (statement)) \
    F(idx_t, nparams, (duckdb_prepared_statement statement), (statement)) \
    F(duckdb_state, bind_parameter_index, (duckdb_prepared_statement statement, idx_t *index, const char *name), \
      (statement, index, name)) \
    F(duckdb_state, bind_null, (duckdb_prepared_statement statement, idx_t index), (statement, index)) \
    F(duckdb_state, bind_boolean, (duckdb_prepared_statement statement, idx_t index, bool value), \
      (statement, index, value)) \
    F(duckdb_state, bind_int64, (duckdb_prepared_statement statement, idx_t index, int64_t value), \
      (statement, index, value)) \
    F(duckdb_state, bind_hugeint, (duckdb_prepared_statement statement, idx_t index, duckdb_hugeint value), \
      (statement, index, value)) \
    F(duckdb_state, bind_double, (duckdb_prepared_statement statement, idx_t index, double value), \
      (statement, index, value)) \
    F(duckdb_state, bind_timestamp, (duckdb_prepared_statement statement, idx_t index, duckdb_timestamp value), \
      (statement, index, value)) \
    F(duckdb_state, bind_varchar_length, \
      (duckdb_prepared_statement statement, idx_t index, const char *value, idx_t length), \
      (statement, index, value, length)) \
    F(duckdb_state, bind_blob, \
      (duckdb_prepared_statement statement, idx_t index, const void *value, idx_t length), \
      (statement, index, value, length)) \
    F(duckdb_state, execute_prepared, (duckdb_prepared_statement statement, duckdb_result *result), \
      (statement, result)) \
    F(duckdb_state, execute_prepared_streaming, (duckdb_prepared_statement statement, duckdb_result *result), \
      (statement, result)) \
    F(void, destroy_result, (duckdb_result *result), (result)) \
    F(const char *, result_error, (duckdb_result *result), (result)) \
    F(int32_t, result_error_type, (duckdb_result *result), (result)) \
    F(idx_t, column_count, (duckdb_result *result), (result)) \
    F(const char *, column_name, (duckdb_result *result, idx_t column), (result, column)) \
    F(duckdb_logical_type, column_logical_type, (duckdb_result *result, idx_t column), (result, column)) \
    F(duckdb_data_chunk, fetch_chunk, (duckdb_result result), (result)) \
    /* Types */ \
    F(duckdb_logical_type, create_logical_type, (int32_t type), (type)) \
    F(duckdb_logical_type, create_list_type, (duckdb_logical_type child), (child)) \
    F(duckdb_logical_type, create_map_type, (duckdb_logical_type key, duckdb_logical_type value), (key, value)) \
    F(duckdb_logical_type, create_struct_type, (duckdb_logical_type *types, const char **names, idx_t count), \
      (types, names, count)) \
    F(duckdb_logical_type, create_decimal_type, (uint8_t width, uint8_t scale), (width, scale)) \
    F(void, destroy_logical_type, (duckdb_logical_type *type), (type)) \
    F(int32_t, get_type_id, (duckdb_logical_type type), (type)) \
    F(char *, logical_type_get_alias, (duckdb_logical_type type), (type)) \
    F(uint8_t, decimal_width, (duckdb_logical_type type), (type)) \
    F(uint8_t, decimal_scale, (duckdb_logical_type type), (type)) \
    F(int32_t, decimal_internal_type, (duckdb_logical_type type), (type)) \
    F(int32_t, enum_internal_type, (duckdb_logical_type type), (type)) \
    F(uint32_t, enum_dictionary_size, (duckdb_logical_type type), (type)) \
    F(char *, enum_dictionary_value, (duckdb_logical_type type, idx_t index), (type, index)) \
    F(duckdb_logical_type, list_type_child_type, (duckdb_logical_type type), (type)) \
    F(duckdb_logical_type, array_type_child_type, (duckdb_logical_type type), (type)) \
    F(idx_t, array_type_array_size, (duckdb_logical_type type), (type)) \
    F(duckdb_logical_type, map_type_key_type, (duckdb_logical_type type), (type)) \
    F(duckdb_logical_type, map_type_value_type, (duckdb_logical_type type), (type)) \
    F(idx_t, struct_type_child_count, (duckdb_logical_type type), (type)) \
    F(char *, struct_type_child_name, (duckdb_logical_type type, idx_t index), (type, index)) \
    F(duckdb_logical_type, struct_type_child_type, (duckdb_logical_type type, idx_t index), (type, index)) \
    F(idx_t, union_type_member_count, (duckdb_logical_type type), (type)) \
    F(char *, union_type_member_name, (duckdb_logical_type type, idx_t index), (type, index)) \
    F(duckdb_logical_type, union_type_member_type, (duckdb_logical_type type, idx_t index), (type, index)) \
    /* Chunks and vectors */ \
    F(duckdb_data_chunk, create_data_chunk, (duckdb_logical_type *types, idx_t count), (types, count)) \
    F(void, destroy_data_chunk, (duckdb_data_chunk *chunk), (chunk)) \
    F(void, data_chunk_reset, (duckdb_data_chunk chunk), (chunk)) \
    F(idx_t, data_chunk_get_size, (duckdb_data_chunk chunk), (chunk)) \
    F(void, data_chunk_set_size, (duckdb_data_chunk chunk, idx_t size), (chunk, size)) \
    F(duckdb_vector, data_chunk_get_vector, (duckdb_data_chunk chunk, idx_t column), (chunk, column)) \
    F(void *, vector_get_data, (duckdb_vector vector), (vector)) \
    F(uint64_t *, vector_get_validity, (duckdb_vector vector), (vector)) \
    F(void, vector_ensure_validity_writable, (duckdb_vector vector), (vector)) \
    F(duckdb_vector, list_vector_get_child, (duckdb_vector vector), (vector)) \
    F(duckdb_state, list_vector_set_size, (duckdb_vector vector, idx_t size), (vector, size)) \
    F(duckdb_state, list_vector_reserve, (duckdb_vector vector, idx_t capacity), (vector, capacity)) \
    F(duckdb_vector, struct_vector_get_child, (duckdb_vector vector, idx_t index), (vector, index)) \
    F(duckdb_vector, array_vector_get_child, (duckdb_vector vector), (vector)) \
    /* Bulk loading */ \
    F(duckdb_state, appender_create, \
      (duckdb_connection connection, const char *schema, const char *table, duckdb_appender *appender), \
      (connection, schema, table, appender)) \
    F(const char *, appender_error, (duckdb_appender appender), (appender)) \
    F(duckdb_state, append_data_chunk, (duckdb_appender appender, duckdb_data_chunk chunk), (appender, chunk)) \
    F(duckdb_state, appender_close, (duckdb_appender appender), (appender)) \
    F(duckdb_state, appender_destroy, (duckdb_appender *appender), (appender))

struct cduckdb_functions {
#define CDUCKDB_FIELD(result, name, parameters, arguments) result(*name) parameters;
    CDUCKDB_FUNCTIONS(CDUCKDB_FIELD)
#undef CDUCKDB_FIELD
};

// Filled by cduckdb_load; calling a function before that is a programmer's error.
extern struct cduckdb_functions cduckdb;

#define CDUCKDB_CALL(result, name, parameters, arguments) \
    static inline result duckdb_##name parameters { return cduckdb.name arguments; }
CDUCKDB_FUNCTIONS(CDUCKDB_CALL)
#undef CDUCKDB_CALL

#endif
