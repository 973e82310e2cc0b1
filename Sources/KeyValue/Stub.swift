enum KeyValueStub {}
