// Calls and tokens of each identity and model.
// call "model_use"
dataset = xdr_data
| filter llm_model != null
| comp count() as calls, sum(llm_input_tokens) as input_tokens, sum(llm_output_tokens) as output_tokens by actor_primary_user_sid, llm_model
| sort desc calls
