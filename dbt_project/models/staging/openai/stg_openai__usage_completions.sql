with

source as (

    select * from {{ source('landing', 'openai__usage_completions') }}

),

renamed as (

    select
        ---------- ids
        project_id,
        user_id,
        api_key_id,
        model as model_id,

        ---------- strings
        coalesce(service_tier, 'default') as service_tier,
        case when batch then 'batch'
            when service_tier in ('flex', 'priority', 'fast') then service_tier
            else 'standard'
        end as price_variant,

        ---------- numerics
        num_model_requests as requests,
        input_tokens,
        input_uncached_tokens,
        input_cached_tokens,
        input_cache_write_tokens,
        output_tokens,
        coalesce(input_audio_tokens, 0) as input_audio_tokens,
        coalesce(input_cached_audio_tokens, 0) as input_cached_audio_tokens,
        coalesce(output_audio_tokens, 0) as output_audio_tokens,
        coalesce(input_image_tokens, 0) as input_image_tokens,
        coalesce(input_cached_image_tokens, 0) as input_cached_image_tokens,
        coalesce(output_image_tokens, 0) as output_image_tokens,

        ---------- timestamps
        {{ utc_time('start_time') }} as usage_start_at
    from source

)

select * from renamed
